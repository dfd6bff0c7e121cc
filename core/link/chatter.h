/* Budget for what costs a peer little and us much: pings and pongs, and sealed frames that are
 * almost empty (1,044 bytes to decrypt for one of content, which no limit of content would notice).
 * Honest peers send one of them now and then. */
#ifndef LINK_CHATTER_H
#define LINK_CHATTER_H

#include "base/bucket.h"
#include "base/err.h"

#define CHATTER_PER_S 100
#define CHATTER_BURST 300
#define CHATTER_FRAME_MAX 64 /* frames with less content count */

/* One ping, pong or almost empty frame came. ERR_FLOOD: one too many. */
static inline enum err chatter_take(struct bucket *chatter, int64_t now_ms)
{
    return bucket_take(chatter, now_ms, CHATTER_PER_S, CHATTER_BURST) ? ERR_OK : ERR_FLOOD;
}

#endif
