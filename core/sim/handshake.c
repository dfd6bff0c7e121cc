/* From SYN to established, as drawn in sim.h. */
#include "sim/conn.h"

/* Nobody runs there (any more). */
static void meet_nobody(struct side *listener, enum err seen)
{
    const struct machine *machine = listener->machine;
    bool silent = machine->settings.nat || machine->off_reach == SIM_SILENT;
    side_reject(listener, silent ? ERR_OK : seen);
}

static void syn_arrived(struct side *listener)
{
    const struct machine *machine = listener->machine;
    if (machine->settings.nat || !machine->on)
        meet_nobody(listener, ERR_REFUSED);
    else
        side_push(listener, SEGMENT_SYN_ACK);
}

static void connected(struct side *dialer)
{
    side_expect(dialer, SIDE_KEYS, side_sim(dialer)->settings.handshake_timeout_ms);
    side_push(dialer, SEGMENT_KEYS);
}

static void keys_arrived(struct side *listener)
{
    struct machine *machine = listener->machine;
    if (!machine->on) {
        meet_nobody(listener, ERR_RESET);
        return;
    }
    if (machine->settings.mute)
        return;
    struct event event = {.kind = EVENT_ACCEPTED, .conn = ++machine->accepted};
    event.accepted.remote = listener->remote;
    listener->state = SIDE_WAITING;
    side_attach(listener, event.conn);
    machine_step(machine, &event);
}

static void auth_arrived(struct side *dialer)
{
    const struct machine *listener = side_other(dialer)->machine;
    if (dialer->machine->settings.mute)
        return;
    if (!peer_id_equal(&dialer->conn->dialed.id, &listener->settings.node.id)) {
        side_fail(dialer, ERR_WRONG_ID, ERR_CLOSED_BY_PEER);
        return;
    }
    dialer->proven = true;
    side_expect(dialer, SIDE_INFO, side_sim(dialer)->settings.handshake_timeout_ms);
    side_push(dialer, SEGMENT_AUTH_INFO);
}

/* wire.md 2.2, steps 6 - 9 */
static enum err judge_info(struct side *side)
{
    const struct machine *own = side->machine, *peer = side_other(side)->machine;
    const char *why;
    enum err err = node_info_validate(&peer->info, &why);
    if (!err && peer_id_equal(&own->settings.node.id, &peer->settings.node.id))
        err = ERR_SELF;
    return err ? err : node_info_compatible(&own->info, &peer->info);
}

static void info_arrived(struct side *side)
{
    enum err err = judge_info(side);
    if (err)
        side_fail(side, err, ERR_CLOSED_BY_PEER);
    else
        side_open(side);
}

void handshake_arrived(struct side *side, enum segment_kind kind)
{
    switch (kind) {
    case SEGMENT_SYN:
        syn_arrived(side);
        break;
    case SEGMENT_SYN_ACK:
        connected(side);
        break;
    case SEGMENT_KEYS:
        keys_arrived(side);
        break;
    case SEGMENT_AUTH:
        auth_arrived(side);
        break;
    case SEGMENT_AUTH_INFO:
        side->proven = true;
        side_push(side, SEGMENT_INFO); /* both say who they are before they judge */
        info_arrived(side);
        break;
    case SEGMENT_INFO:
        info_arrived(side);
        break;
    case SEGMENT_MESSAGE:
    case SEGMENT_END:
        break; /* not of the handshake */
    }
}
