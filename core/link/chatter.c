#include "link/chatter.h"

#define COST_MS (1000 / CHATTER_PER_S)
#define BURST_MS (CHATTER_BURST * COST_MS)

void chatter_count(struct chatter *chatter, int64_t now_ms)
{
    int64_t from_ms = chatter->paid_until_ms > now_ms ? chatter->paid_until_ms : now_ms;
    int64_t most_ms = now_ms + BURST_MS + CHATTER_PAUSE_MS;
    chatter->paid_until_ms = from_ms + COST_MS < most_ms ? from_ms + COST_MS : most_ms;
}

int64_t chatter_resume_ms(const struct chatter *chatter, int64_t now_ms)
{
    int64_t resume_ms = chatter->paid_until_ms - BURST_MS;
    return resume_ms > now_ms ? resume_ms : INT64_MIN;
}
