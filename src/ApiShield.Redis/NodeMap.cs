using System.Collections.Concurrent;
using System.Net;
using StackExchange.Redis;

namespace ApiShield.Redis;

/// <summary>Which node of a Redis Cluster serves which slot, as small numbers, so that one node's failures are not laid to the others.</summary>
/// <remarks>A map that is out of date for a while does no harm: calls find their way without it.</remarks>
internal sealed class NodeMap
{
    private const int Slots = 16_384;
    private readonly ConcurrentDictionary<EndPoint, int> _numbers = new();
    private volatile int[] _owners = [];

    /// <summary>Takes over what a server says of its cluster.</summary>
    public void Update(ClusterConfiguration? configuration)
    {
        if (configuration is null) return;
        var owners = new int[Slots];
        foreach (var node in configuration.Nodes)
        {
            if (node.IsReplica || node.EndPoint is null) continue;
            var number = _numbers.GetOrAdd(node.EndPoint, static (_, numbers) => numbers.Count + 1, _numbers);
            foreach (var range in node.Slots)
                for (var slot = range.From; slot <= range.To; slot++) owners[slot] = number;
        }
        _owners = owners;
    }

    /// <summary>The number of the node that serves a slot; 0 if it is not known.</summary>
    public int NodeOf(int slot)
    {
        var owners = _owners;
        return (uint)slot < (uint)owners.Length ? owners[slot] : 0;
    }
}
