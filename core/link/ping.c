#include "link/ping.h"

#include "base/now.h"

void ping_start(struct ping *ping, int64_t now_ms, int64_t interval_ms)
{
    *ping =
        (struct ping){.next_ms = now_ms + interval_ms, .pong_by_ms = NEVER_MS, .sent_ms = NEVER_MS};
}

int64_t ping_deadline_ms(const struct ping *ping)
{
    return earlier_ms(ping->next_ms, ping->pong_by_ms);
}

enum err ping_tick(struct ping *ping, int64_t now_ms, int64_t interval_ms, int64_t timeout_ms)
{
    if (now_ms >= ping->pong_by_ms)
        return ERR_PONG_TIMEOUT;
    if (now_ms < ping->next_ms)
        return ERR_OK;
    ping->next_ms = now_ms + interval_ms;
    ping->ping_due = true;
    ping->sent_ms = NEVER_MS;
    /* counts from here, not from ping_sent: a peer that takes no bytes must not escape it */
    ping->pong_by_ms = now_ms + timeout_ms;
    return ERR_OK;
}

void ping_sent(struct ping *ping, int64_t now_ms)
{
    ping->ping_due = false;
    ping->sent_ms = now_ms;
}

bool ping_answered(struct ping *ping, int64_t now_ms, int64_t *ms)
{
    ping->pong_by_ms = NEVER_MS;
    if (ping->sent_ms == NEVER_MS)
        return false;
    *ms = now_ms - ping->sent_ms;
    ping->sent_ms = NEVER_MS;
    return true;
}
