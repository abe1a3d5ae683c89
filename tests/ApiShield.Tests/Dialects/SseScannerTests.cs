using System.Text;
using ApiShield.Dialects;
using Xunit;

namespace ApiShield.Tests.Dialects;

public sealed class SseScannerTests
{
    [Theory]
    [InlineData("data: a\n\ndata: b\n\n", new[] { 9, 9 })]
    [InlineData("data: a\r\n\r\ndata: b\r\n\r\n", new[] { 11, 11 })]
    [InlineData(": keep alive\n\nevent: x\ndata: {}\n\n", new[] { 14, 19 })]
    [InlineData("\n\ndata: a\n\n", new[] { 1, 1, 9 })]
    [InlineData("data: a\n\r\ndata: b", new[] { 10 })]
    [InlineData("data: a\rb\n\n", new[] { 11 })]
    public void FindEnd_AnySplit_FindsTheSameEvents(string text, int[] lengths)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var pieceSize = 1; pieceSize <= bytes.Length; pieceSize++) Assert.Equal(lengths, Split(bytes, pieceSize));
    }

    private static List<int> Split(byte[] bytes, int pieceSize)
    {
        var found = new List<int>();
        var scanner = default(SseScanner);
        var before = 0;
        foreach (var piece in bytes.Chunk(pieceSize))
        {
            var at = 0;
            while (at < piece.Length)
            {
                var length = scanner.FindEnd(piece.AsSpan(at));
                if (length < 0)
                {
                    before += piece.Length - at;
                    break;
                }
                found.Add(before + length);
                before = 0;
                at += length;
            }
        }
        return found;
    }
}
