using System.Net.Sockets;
using System.Text.RegularExpressions;
using ApiShield.FunctionalTests.Hosting;
using Xunit;

namespace ApiShield.FunctionalTests.Aborts;

/// <summary>Carries out plans of aborts over sockets of its own, and counts the tokens that reached it before it left.</summary>
internal static partial class AbortingClient
{
    /// <summary>A client that waits for an answer that has stopped leaves after this.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(60);

    /// <summary>Carries out a plan.</summary>
    /// <returns>Status of the answer, 0 if none was seen, and output tokens that were received.</returns>
    public static async Task<(int Status, int Tokens)> RunAsync(Uri address, AbortPlan plan)
    {
        using var socket = await RawHttp.ConnectAsync(address);
        using var read = new MemoryStream();
        try
        {
            if (plan.Request.Length > 0) await socket.SendAsync(plan.Request, TestContext.Current.CancellationToken);
            await ReadAsync(socket, read, plan.ReadBytes);
            if (plan.Resets) socket.LingerState = new LingerOption(true, 0);
            else socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The proxy left first, as it may when the request is broken.
        }
        var answer = RawHttp.Parse(read.ToArray());
        return (answer.Status, answer.Status == 200 ? CountTokens(answer) : 0);
    }

    private static async Task ReadAsync(Socket socket, MemoryStream read, int most)
    {
        var buffer = new byte[4096];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        while (read.Length < most)
        {
            patience.CancelAfter(Patience);
            try
            {
                var length = await socket.ReceiveAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, most - read.Length)), patience.Token);
                if (length == 0) return;
                read.Write(buffer, 0, length);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Of a stream its whole content events, each one token; of a whole answer the words of its content, each at least one.</summary>
    private static int CountTokens(ChatAnswer answer)
    {
        if (answer["content-type"]!.StartsWith("text/event-stream", StringComparison.Ordinal))
        {
            var end = answer.Text.LastIndexOf("\n\n", StringComparison.Ordinal);
            return end < 0 ? 0 : ContentEvent().Count(answer.Text[..end]);
        }
        var content = Content().Match(answer.Text);
        return content.Success ? content.Groups[1].Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length : 0;
    }

    [GeneratedRegex("\"delta\":\\{\"content\":\"[^\"]")]
    private static partial Regex ContentEvent();

    [GeneratedRegex("\"content\":\"([^\"]*)")]
    private static partial Regex Content();
}
