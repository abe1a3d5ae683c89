using System.Text;

namespace ApiShield.Benchmarks.Engine;

/// <summary>Chat request bodies of a size.</summary>
internal static class ChatBodies
{
    /// <summary>A conversation of messages of some hundred bytes, padded to the size; the controls stand at both ends.</summary>
    public static byte[] OfSize(int bytes, bool stream = false)
    {
        const string message = """{"role":"user","content":"A line of plain text with a \"quotation\" in it, and one more clause, so that it is about as long as people write."},""";
        var head = """{"model":"gpt-4o-mini","messages":[""";
        var tail = $$""" {"role":"user","content":"The end."}],"temperature":0.7,"max_tokens":256{{(stream ? ",\"stream\":true" : "")}}}""";
        var text = new StringBuilder(head);
        while (text.Length + message.Length + tail.Length <= bytes) text.Append(message);
        text.Append(' ', Math.Max(0, bytes - text.Length - tail.Length)).Append(tail);
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
