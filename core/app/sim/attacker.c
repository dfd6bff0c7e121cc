#include "app/sim/attacker.h"

#define DIAL_EVERY_MS SECONDS_MS(30) /* in the mean, while it wants more */

void attacker_init(struct attacker *attacker, const struct attack *attack, uint64_t seed)
{
    *attacker = (struct attacker){.attack = attack, .wake_ms = NEVER_MS};
    rng_seed(&attacker->rng, seed);
}

static void dial(struct attacker *attacker, struct now now, struct outbox *outbox)
{
    const struct attack *attack = attacker->attack;
    attacker->wake_ms = now.mono_ms + 1 + (int64_t)rng_below(&attacker->rng, 2 * DIAL_EVERY_MS);
    if (attacker->outbound == attack->outbound_max)
        return;
    attacker->outbound++;
    outbox_add(outbox, ACTION_DIAL, CONN_OUTBOUND + ++attacker->dials)->dial.addr =
        attack->victims[rng_index(&attacker->rng, attack->victims_n)];
}

/* As many of its kind as a list holds, from a random one on. */
static void answer(struct attacker *attacker, uint64_t conn, struct outbox *outbox)
{
    const struct attack *attack = attacker->attack;
    size_t n = attack->attackers_n < PEX_SELECTION_MAX ? attack->attackers_n : PEX_SELECTION_MAX;
    uint32_t first = rng_index(&attacker->rng, attack->attackers_n);
    struct addr *addrs = outbox_alloc(outbox, n * sizeof *addrs);
    for (size_t i = 0; i < n; i++)
        addrs[i] = attack->attackers[(first + i) % attack->attackers_n];
    outbox_add(outbox, ACTION_SEND, conn)->send =
        (struct pex_message){.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = n, .listed_n = n};
}

static void step(void *self, struct now now, const struct event *event, struct outbox *outbox)
{
    struct attacker *attacker = self;
    switch (event->kind) {
    case EVENT_START:
    case EVENT_TICK:
        dial(attacker, now, outbox);
        break;
    case EVENT_ACCEPTED:
        outbox_add(outbox, ACTION_ACCEPT, event->conn);
        break;
    case EVENT_MESSAGE:
        if (event->message->kind == PEX_REQUEST)
            answer(attacker, event->conn, outbox);
        break;
    case EVENT_DIAL_FAILED:
    case EVENT_CLOSED:
        attacker->outbound -= event->conn > CONN_OUTBOUND;
        break;
    default:
        break;
    }
}

static int64_t deadline(void *self)
{
    return ((struct attacker *)self)->wake_ms;
}

struct sim_actor attacker_actor(struct attacker *attacker)
{
    return (struct sim_actor){step, deadline, attacker};
}
