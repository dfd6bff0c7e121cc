/* Budget for what costs a peer little and us much: pings and pongs, and sealed frames that are
 * almost empty (1,044 bytes to decrypt for one of content, which no limit of content would notice).
 * Honest peers send one of them now and then. Who sends them faster is not read for as long as they
 * would have taken at CHATTER_PER_S, at most CHATTER_PAUSE_MS; its pongs come late then, and the
 * pong timeout ends what goes on. */
#ifndef LINK_CHATTER_H
#define LINK_CHATTER_H

#include <stddef.h>
#include <stdint.h>

#define CHATTER_PER_S 100
#define CHATTER_BURST 200
#define CHATTER_PAUSE_MS 10000
#define CHATTER_FRAME_MAX 64 /* frames with less content count */

struct chatter {
    int64_t paid_until_ms; /* when all that came so far would have come at CHATTER_PER_S */
};

/* One ping, pong or almost empty frame came. */
void chatter_count(struct chatter *chatter, int64_t now_ms);
/* From when the peer may be read again; INT64_MIN: at once. */
int64_t chatter_resume_ms(const struct chatter *chatter, int64_t now_ms);

#endif
