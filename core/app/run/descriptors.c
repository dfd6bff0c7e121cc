#include "app/run/descriptors.h"

#include "http/http.h"
#include "ops/control.h"
#include "uv/tcp.h"
#include <string.h>

static uint64_t control_clients(const struct settings *settings)
{
    bool has_tcp = *settings->control.laddr.text;
    if (has_tcp)
        return CONTROL_CLIENTS_MAX + CONTROL_STRANGERS_MAX;
    return *settings->control.socket ? CONTROL_CLIENTS_MAX : 0;
}

void descriptors_of(const struct settings *settings, struct limits_use uses[DESCRIPTOR_USES])
{
    size_t inbound = (size_t)settings->p2p.max_num_inbound_peers;
    const struct limits_use made[DESCRIPTOR_USES] = {
        {"p2p.max_num_inbound_peers (with unconditional peers)",
            inbound + settings->p2p.unconditional_peer_ids.n},
        {"p2p.max_num_outbound_peers (with persistent peers)",
            (size_t)settings->p2p.max_num_outbound_peers + settings->p2p.persistent_peers.n},
        {"pex.max_handshaking", (uint64_t)settings->pex.max_handshaking},
        {"pex.dial_concurrency", (uint64_t)settings->pex.dial_concurrency},
        {"connections being closed", TCP_CLOSING_MAX},
        {"instrumentation.prometheus",
            settings->instrumentation.prometheus ? HTTP_CONNECTIONS_MAX : 0},
        {"clients of the control socket", control_clients(settings)},
    };
    memcpy(uses, made, sizeof made);
}
