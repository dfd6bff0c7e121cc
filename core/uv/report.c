/* What others see of a host: counters, connections, memory. */
#include "uv/state.h"
#include "uv/tcp.h"

struct host_counts host_counts(const struct host *host)
{
    return host->counts;
}

const struct host_storing *host_storing(const struct host *host)
{
    return &host->store.storing;
}

void host_peers(const struct host *host, void (*visit)(void *context, const struct host_peer *peer),
    void *context)
{
    for (uint32_t i = 0; i < host->tcps_n; i++) {
        const struct tcp *tcp = host->tcps[i];
        if (!tcp->established || tcp->dead || !tcp->link)
            continue;
        const struct host_peer peer = {
            .id = *link_peer_id(tcp->link),
            .received = tcp->received,
            .sent = tcp->sent,
            .pending = link_pending_bytes(tcp->link),
        };
        visit(context, &peer);
    }
}

size_t host_memory(const struct host *host, size_t *links)
{
    *links = 0;
    for (uint32_t i = 0; i < host->tcps_n; i++)
        if (host->tcps[i]->link)
            *links += link_memory(host->tcps[i]->link);
    size_t place =
        sizeof *host->tcps + sizeof(struct heap_item *) + sizeof(uint64_t) + sizeof(uint32_t);
    return host->tcps_n * (sizeof(struct tcp) + place);
}
