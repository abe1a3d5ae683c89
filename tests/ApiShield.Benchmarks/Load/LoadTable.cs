using System.Globalization;

namespace ApiShield.Benchmarks.Load;

/// <summary>Prints the figures of a load run, each with its ratio to or difference from bare YARP.</summary>
internal static class LoadTable
{
    public static void Write(TextWriter output, LoadReport report)
    {
        Title(output, report, "whole answers, closed loop", report.Direct);
        Row(output, report, "answers a second", "0", report.Direct, static leg => leg.Closed.Select(static result => result.PerSecond), ratio: true);
        Row(output, report, "median, ms", "0.00", report.Direct, static leg => leg.Closed.Select(static result => result.Median), ratio: false);
        Row(output, report, "99th percentile, ms", "0.00", report.Direct, static leg => leg.Closed.Select(static result => result.P99), ratio: false);
        Row(output, report, "processor time, us a request", "0.0", null, static leg => leg.MicrosPerRequest, ratio: true);
        Row(output, report, "allocated, bytes a request", "0", null, static leg => leg.BytesPerRequest, ratio: false);

        Title(output, report, string.Create(CultureInfo.InvariantCulture, $"whole answers, {report.Rate:0} a second"), null);
        Row(output, report, "median, ms", "0.000", null, static leg => leg.Paced.Select(static result => result.Median), ratio: false);
        Row(output, report, "99th percentile, ms", "0.000", null, static leg => leg.Paced.Select(static result => result.P99), ratio: false);

        Title(output, report, string.Create(CultureInfo.InvariantCulture, $"streams of {ChatTraffic.Events} events, closed loop"), report.Direct);
        Row(output, report, "streams a second", "0", report.Direct, static leg => leg.Streams.Select(static result => result.PerSecond), ratio: true);
        Row(output, report, "processor time, us a stream", "0.0", null, static leg => leg.MicrosPerStream, ratio: true);
        Row(output, report, "allocated, bytes a stream", "0", null, static leg => leg.BytesPerStream, ratio: false);

        Title(output, report, string.Create(CultureInfo.InvariantCulture, $"streams, {report.StreamRate:0} a second"), null);
        Row(output, report, "first token, median, ms", "0.000", null, static leg => leg.PacedStreams.Select(static result => result.FirstMedian), ratio: false);
        Row(output, report, "first token, 99th, ms", "0.000", null, static leg => leg.PacedStreams.Select(static result => result.FirstP99), ratio: false);
        Row(output, report, "whole stream, median, ms", "0.000", null, static leg => leg.PacedStreams.Select(static result => result.Median), ratio: false);
        output.WriteLine();
    }

    private static void Title(TextWriter output, LoadReport report, string text, LegFigures? direct)
    {
        output.WriteLine();
        output.Write($"{text,-32}{(direct is null ? "" : "upstream"),10}");
        foreach (var (name, _) in report.Legs) output.Write($"{name,12}{(name == LoadReport.Bare ? "" : "        "),-8}");
        output.WriteLine();
    }

    private static void Row(
        TextWriter output, LoadReport report, string label, string format, LegFigures? direct, Func<LegFigures, IEnumerable<double>> read, bool ratio)
    {
        var culture = CultureInfo.InvariantCulture;
        output.Write($"  {label,-30}{(direct is null ? "" : LegFigures.Median(read(direct)).ToString(format, culture)),10}");
        var bare = LegFigures.Median(read(report.Legs[0].Figures));
        foreach (var (name, figures) in report.Legs)
        {
            var value = LegFigures.Median(read(figures));
            var beside = name == LoadReport.Bare ? ""
                : ratio ? (value / bare).ToString("x0.00", culture)
                : (value - bare).ToString($"+{format};-{format}", culture);
            output.Write($"{value.ToString(format, culture),12} {beside,-7}");
        }
        output.WriteLine();
    }
}
