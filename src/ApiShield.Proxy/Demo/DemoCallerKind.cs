namespace ApiShield.Proxy.Demo;

/// <summary>How a demo caller behaves.</summary>
internal enum DemoCallerKind
{
    /// <summary>A person who chats: streamed answers, pauses to read.</summary>
    ChatUser,

    /// <summary>A help desk's bot: short answers all day, of the same few questions.</summary>
    SupportBot,

    /// <summary>A job that puts labels on texts: many requests with answers of a few tokens.</summary>
    BatchLabeller,

    /// <summary>A coding agent: long streamed answers, tools now and then, several at once.</summary>
    CodingAgent,

    /// <summary>Somebody who asks as fast as the connection allows and takes no refusal for an answer.</summary>
    OverQuota,
}
