using System.Globalization;
using System.Net;
using ApiShield.Enforcement;
using ApiShield.Proxy.Hosting;
using Prometheus;

namespace ApiShield.Proxy.Admin;

/// <summary>The admin port: health, metrics, the rules in force, and the quotas of an account. Never served on the traffic port.</summary>
internal static class AdminApp
{
    public static WebApplication Create(LoadedSettings loaded, Action<ILoggingBuilder> logging, Enforcer enforcer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        logging(builder.Logging);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.UseUrls(loaded.Settings.AdminListen.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.ConfigureHttpJsonOptions(static json =>
        {
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, AdminJson.Default);
            json.SerializerOptions.WriteIndented = true;
        });

        var app = builder.Build();
        app.MapGet("/health/live", () => Results.Text("live\n"));
        app.MapGet("/health/ready", () => Results.Text("ready\n"));
        app.MapMetrics("/metrics", enforcer.Metrics.Registry);
        app.MapGet("/rules", () => new RulesAnswer(
            enforcer.Active.Rules.Revision, loaded.RulesPath, [.. enforcer.Active.Rules.Quotas.Select(RuleAnswer.Of)], loaded.Warnings));
        app.MapGet("/quotas/{account}", async (string account, string? route, string? model, string? address) =>
        {
            IPAddress? parsed = null;
            if (address is not null && !IPAddress.TryParse(address, out parsed))
                return Results.Problem($"'{address}' is no IP address.", statusCode: StatusCodes.Status400BadRequest);

            var quotas = await enforcer.ReadQuotasAsync(account, route, model, parsed);
            if (quotas is null) return Results.Problem("The store is unreachable.", statusCode: StatusCodes.Status503ServiceUnavailable);
            var caller = enforcer.Find(account);
            return Results.Ok(new QuotasAnswer(
                caller.Account, caller.Organization, caller.Plan, caller.AccountScope.ToString("x32", CultureInfo.InvariantCulture),
                [.. quotas.Select(QuotaAnswer.Of)]));
        });
        return app;
    }
}
