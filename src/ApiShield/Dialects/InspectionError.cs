namespace ApiShield.Dialects;

/// <summary>Why a request body cannot be forwarded; becomes a 400 in the dialect of the route.</summary>
/// <param name="Message">For the caller: what was found and what is allowed.</param>
/// <param name="Parameter">The member that is wrong, or null for the body as a whole.</param>
/// <param name="Code">A stable word for programs.</param>
public sealed record InspectionError(string Message, string? Parameter, string Code);
