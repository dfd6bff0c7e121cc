#include "sim/log_hash.h"

static uint64_t add(uint64_t sum, uint64_t word)
{
    sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
    return sum ^ (sum >> 29);
}

static uint64_t add_bytes(uint64_t sum, const void *at, size_t n)
{
    const unsigned char *bytes = at;
    sum = add(sum, n);
    for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, bytes + i, n - i < sizeof word ? n - i : sizeof word);
        sum = add(sum, word);
    }
    return sum;
}

static uint64_t add_addr(uint64_t sum, const struct addr *addr)
{
    sum = add_bytes(sum, addr->id.bytes, sizeof addr->id.bytes);
    sum = add_bytes(sum, addr->at.ip.bytes, sizeof addr->at.ip.bytes);
    return add(sum, addr->at.port);
}

static uint64_t add_message(uint64_t sum, const struct pex_message *message)
{
    sum = add(sum, message->kind);
    sum = add(sum, message->addrs_n);
    for (size_t i = 0; i < message->addrs_n; i++)
        sum = add_addr(sum, &message->addrs[i]);
    return sum;
}

static uint64_t add_action(uint64_t sum, const struct action *action)
{
    sum = add(sum, action->kind);
    sum = add(sum, action->conn);
    switch (action->kind) {
    case ACTION_DIAL:
        return add_addr(sum, &action->dial.addr);
    case ACTION_ACCEPT:
        return sum;
    case ACTION_REFUSE:
        return add(sum, action->refuse.why);
    case ACTION_SEND:
        return add_message(sum, &action->send);
    case ACTION_CLOSE:
        return add(add(sum, action->close.why), (uint64_t)action->close.flush_ms);
    case ACTION_RESOLVE:
        sum = add(sum, action->resolve.token);
        return add_bytes(sum, action->resolve.host, strlen(action->resolve.host));
    case ACTION_STORE:
        return add(sum, action->store.n);
    case ACTION_EXPORT:
        return add_bytes(sum, action->export.image, action->export.n);
    case ACTION_ANSWER:
        return add(add(sum, action->answer.err), action->answer.n);
    case ACTION_ABORT:
        return add_bytes(sum, action->abort.why, strlen(action->abort.why));
    }
    return sum;
}

uint64_t log_hash_add(uint64_t sum, const struct sim_step *step)
{
    sum = add(sum, (uint64_t)step->now.mono_ms);
    sum = add(sum, step->machine);
    sum = add(sum, step->event->kind);
    sum = add(sum, step->event->conn);
    for (size_t i = 0; i < step->actions_n; i++)
        sum = add_action(sum, &step->actions[i]);
    return sum;
}
