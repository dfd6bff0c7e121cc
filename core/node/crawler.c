/* Seed mode: crawling, and how long peers may stay (R60 - R65, F17, P19, P20). */
#include "node/state.h"

#include <stdlib.h>

#define RECRAWL_MS MINUTES_MS(2)            /* R61: between two crawls of one ID */
#define HOLD_AFTER_LIST_MS SECONDS_MS(5)    /* P20 */
#define HOLD_WITHOUT_LIST_MS SECONDS_MS(30) /* P20 */
#define INBOUND_IDLE_MS SECONDS_MS(60)      /* P20: an inbound peer that never asked */

/* Dials what the pass still holds, as far as free dials allow (F17: concurrent and capped). */
static void crawl_on(struct step *step)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    while (crawl->queue_at < crawl->queue_n &&
        node->conns.dialing < node->settings.crawl_concurrency) {
        const struct addr *addr = &crawl->queue[crawl->queue_at];
        int64_t *crawled_at = recent_touch(&crawl->records, &addr->id);
        bool fresh =
            crawled_at && *crawled_at > 0 && step->now.mono_ms + 1 - *crawled_at < RECRAWL_MS;
        if (!crawled_at)
            return;
        if (!fresh) {
            enum err err = dialer_dial(step, addr, ORIGIN_BOOK);
            if (err == ERR_FULL && node->conns.dialing > 0)
                return;                          /* goes on when a dial ends, or at the next pass */
            *crawled_at = step->now.mono_ms + 1; /* R61: recorded whatever comes of it */
        }
        crawl->queue_at++;
    }
}

static void start_pass(struct step *step)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    struct book_selection all = {.count = PEX_SELECTION_MAX};
    crawl->queue_at = 0;
    crawl->queue_n = book_select(node->book, step->now, &node->rng, &all, crawl->queue);
    log_write(&node->settings.log, LOG_INFO, "crawl", LOG_NUMBER("addresses", crawl->queue_n),
        LOG_NUMBER("peers", node->conns.peers), LOG_NUMBER("dialing", node->conns.dialing));
    crawl_on(step);
}

bool crawler_init(struct node *node)
{
    recent_init(&node->crawl.records, PEER_ID_SIZE, sizeof(int64_t), CRAWL_RECORDS_MAX,
        rng_next(&node->rng));
    node->crawl.queue = malloc(PEX_SELECTION_MAX * sizeof *node->crawl.queue);
    return node->crawl.queue != NULL;
}

void crawler_free(struct node *node)
{
    free(node->crawl.queue);
    recent_free(&node->crawl.records);
}

void crawler_start(struct step *step)
{
    if (step->node->seeds_n > 0)
        configured_dial_seeds(step);
    else
        start_pass(step);
}

void crawler_pass(struct step *step)
{
    struct node *node = step->node;
    book_reinstate_expired(node->book, step->now, &node->rng); /* F5: also in seed mode */
    start_pass(step);
    if (node->conns.peers + node->conns.dialing == 0)
        configured_dial_seeds(step);
}

void crawler_dial_ended(struct step *step)
{
    if (step->node->settings.seed_mode)
        crawl_on(step);
}

static bool has_stayed_long_enough(const struct step *step, const struct conn *conn)
{
    const struct node_settings *settings = &step->node->settings;
    int64_t now = step->now.mono_ms;
    int64_t stayed = now - conn->since_ms;
    if (stayed >= settings->seed_disconnect_wait_ms) /* R65 */
        return true;
    if (!conn->outbound)
        return conn->requests == 0 && stayed >= INBOUND_IDLE_MS;
    if (conn->list_ms != NEVER_MS)
        return now - conn->list_ms >= HOLD_AFTER_LIST_MS;
    return stayed >= HOLD_WITHOUT_LIST_MS;
}

void crawler_housekeep(struct step *step)
{
    struct conns *conns = &step->node->conns;
    for (uint32_t i = conns->n; i-- > 0;) {
        struct conn *conn = &conns->at[i];
        if (conn->state == CONN_PEER && !conn->persistent && has_stayed_long_enough(step, conn))
            admission_close(step, conn, ERR_GRACEFUL, 0);
    }
}
