namespace ApiShield.Dialects;

/// <summary>A change to a request body: at an offset, a number of bytes is replaced by others.</summary>
/// <param name="Offset">Bytes from the start of the body.</param>
/// <param name="Removed">Bytes taken out there.</param>
/// <param name="Inserted">Bytes put in their place.</param>
public readonly record struct BodyPatch(long Offset, int Removed, ReadOnlyMemory<byte> Inserted);
