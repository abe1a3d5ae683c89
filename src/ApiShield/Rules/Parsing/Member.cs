namespace ApiShield.Rules.Parsing;

/// <summary>A name and its value in a mapping.</summary>
/// <param name="Name">The name as written.</param>
/// <param name="Position">Where the name stands.</param>
/// <param name="Value">The value.</param>
internal sealed record Member(string Name, FilePosition Position, Node Value);
