/* When to ping, and which pings and pongs are owed (wire.md 5.4). */
#ifndef LINK_PING_H
#define LINK_PING_H

#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

struct ping {
    int64_t next_ms;    /* when the next ping falls due */
    int64_t pong_by_ms; /* a pong must come before; NEVER_MS: none is awaited */
    int64_t sent_ms;    /* when the awaited pong's ping was handed out; NEVER_MS: not yet */
    bool ping_due;      /* to be handed out at once */
    bool pong_due;      /* likewise; several received pings leave one pong */
};

void ping_start(struct ping *ping, int64_t now_ms, int64_t interval_ms);
/* Next moment for ping_tick. */
int64_t ping_deadline_ms(const struct ping *ping);
/* ERR_PONG_TIMEOUT */
enum err ping_tick(struct ping *ping, int64_t now_ms, int64_t interval_ms, int64_t timeout_ms);
/* The ping that was due has been handed out. */
void ping_sent(struct ping *ping, int64_t now_ms);
/* A pong came. True when it answers a ping; *ms is then the time since. Others are harmless. */
bool ping_answered(struct ping *ping, int64_t now_ms, int64_t *ms);

#endif
