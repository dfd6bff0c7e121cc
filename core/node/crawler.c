/* Seed mode: crawling, and how long peers may stay (R60 - R65, F17, P19, P20). */
#include "node/view.h"

#include <stdlib.h>

/* P19: between two crawls of one ID, whatever the policy says. */
#define SPACING_MS SECONDS_MS(30)

static bool crawled_lately(const struct step *step, int64_t crawled_at)
{
    return crawled_at > 0 && step->now.mono_ms + 1 - crawled_at < SPACING_MS;
}

/* It may have left the book, or been banned, since the pass began. */
static bool is_still_known(const struct step *step, const struct addr *addr)
{
    const struct book_entry *entry = book_find(step->node->book, &addr->id);
    return entry && endpoint_equal(&entry->addr.at, &addr->at);
}

bool crawler_visited_lately(const struct step *step, const struct peer_id *id)
{
    const int64_t *crawled_at = recent_find(&step->node->crawl.records, id);
    return crawled_at && crawled_lately(step, *crawled_at);
}

void crawler_note_visit(struct step *step, const struct peer_id *id)
{
    int64_t *crawled_at = recent_touch(&step->node->crawl.records, id);
    if (crawled_at)
        *crawled_at = step->now.mono_ms + 1;
}

/* Crawls one address, if it is due. ERR_FULL: no dial is free now. */
static enum err crawl_one(struct step *step, const struct addr *addr)
{
    struct crawl *crawl = &step->node->crawl;
    int64_t *crawled_at = recent_touch(&crawl->records, &addr->id);
    if (!crawled_at)
        return ERR_FULL;
    if (crawled_lately(step, *crawled_at) || !is_still_known(step, addr))
        return ERR_OK;
    if (dialer_dial(step, addr, ORIGIN_BOOK) == ERR_FULL)
        return ERR_FULL;
    *crawled_at = step->now.mono_ms + 1; /* R61: recorded whatever comes of it */
    return ERR_OK;
}

static bool has_room(const struct node *node)
{
    const struct conns *conns = &node->conns;
    return conns->dialing < node->crawl.concurrency &&
        conns->outbound + conns->dialing < node->settings.crawl_outbound_max;
}

static void end_pass(struct step *step)
{
    struct crawl *crawl = &step->node->crawl;
    struct node_metrics *metrics = &step->node->metrics;
    if (crawl->began_ms == NEVER_MS)
        return;
    metrics->crawl.last_ms = step->now.mono_ms - crawl->began_ms;
    metrics->crawl.total_ms += metrics->crawl.last_ms;
    metrics->crawl.passes++;
    crawl->began_ms = NEVER_MS;
}

/* Dials what the pass still holds, as far as room allows (F17: concurrent and capped). What has to
 * wait goes on when a dial ends, or a second later. */
static void crawl_on(struct step *step)
{
    struct crawl *crawl = &step->node->crawl;
    while (crawl->queue_at < crawl->queue_n && has_room(step->node) &&
        crawl_one(step, &crawl->queue[crawl->queue_at]) == ERR_OK)
        crawl->queue_at++;
    if (crawl->queue_at < crawl->queue_n)
        return;
    if (crawl->more_are_unseen)
        crawl->next_ms = step->now.mono_ms + 1;
    else if (step->node->conns.dialing == 0)
        end_pass(step);
}

/* ---- the policy's order (P19) ---- */

static void choose_rows(struct crawl *crawl, const struct addr *addrs,
    const struct crawl_view *view, const struct crawl_verdict *verdict)
{
    bool seen[PEX_SELECTION_MAX] = {false};
    for (size_t i = 0; i < verdict->rows_n; i++) {
        int64_t row = verdict->rows[i];
        if (!view_take_row(seen, view->candidates_n, row))
            continue;
        crawl->queue[crawl->queue_n++] = addrs[row];
        crawl->more_are_unseen |= view->candidates[row].last_crawl_age_s < 0;
    }
}

static void ask_for_order(struct step *step, const struct addr *addrs, size_t n)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    uint32_t most = node->settings.crawl_concurrency;
    struct crawl_view view = {
        .concurrency = most,
        .again_s = (double)node->settings.recrawl_interval_ms / 1000,
        .candidates = view_addresses(step, addrs, n),
        .candidates_n = n,
    };
    struct crawl_verdict *verdict = outbox_alloc(step->outbox, sizeof *verdict); /* 8 kB */
    view_common(step, &view.common);
    if (policy_ask(node->policy, HOOK_crawl, &node->rng, &view, verdict) || verdict->is_false)
        return;
    bool fewer = verdict->concurrency > 0 && verdict->concurrency < most;
    crawl->concurrency = fewer ? (uint32_t)verdict->concurrency : most;
    choose_rows(crawl, addrs, &view, verdict);
}

/* R60: one unbiased selection. While it finds somebody who was never visited, the next one follows
 * without waiting for the period: a book is first seen through as fast as dial rate and concurrency
 * allow (F17), and then crawled at its pace. */
static void start_pass(struct step *step)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    struct book_selection unbiased = {0};
    struct addr *addrs = outbox_alloc(step->outbox, PEX_SELECTION_MAX * sizeof *addrs);
    size_t n = book_select(node->book, step->now, &node->rng, &unbiased, addrs);
    end_pass(step); /* one that is still under way ends with what it reached */
    crawl->began_ms = step->now.mono_ms;
    crawl->queue_at = crawl->queue_n = 0;
    crawl->more_are_unseen = false;
    if (n > 0)
        ask_for_order(step, addrs, n);
    crawl->more_are_unseen &= n < book_count(node->book);
    log_write(&node->settings.log, LOG_INFO, "crawl", LOG_NUMBER("addresses", crawl->queue_n),
        LOG_NUMBER("peers", node->conns.peers), LOG_NUMBER("dialing", node->conns.dialing));
    crawl_on(step);
}

bool crawler_init(struct node *node)
{
    recent_init(&node->crawl.records, PEER_ID_SIZE, sizeof(int64_t), CRAWL_RECORDS_MAX,
        rng_next(&node->rng));
    node->crawl.began_ms = NEVER_MS;
    node->crawl.concurrency = node->settings.crawl_concurrency;
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
        seeds_dial(step);
    else
        start_pass(step);
}

void crawler_pass(struct step *step)
{
    struct node *node = step->node;
    reinstate_expired(step); /* F5: also in seed mode */
    start_pass(step);
    if (node->conns.peers + node->conns.dialing == 0)
        seeds_dial(step);
}

void crawler_dial_ended(struct step *step)
{
    if (step->node->settings.seed_mode)
        crawl_on(step);
}

/* R64. A record touched since, but not crawled, leaves with its turn. */
static void forget_old_crawls(struct step *step)
{
    struct recent *records = &step->node->crawl.records;
    int64_t oldest = step->now.mono_ms + 1 - step->node->settings.record_lifetime_ms;
    const int64_t *crawled_at;
    while ((crawled_at = recent_oldest(records)) && *crawled_at < oldest)
        recent_forget_oldest(records);
}

void crawler_housekeep(struct step *step)
{
    forget_old_crawls(step);
    crawl_on(step);
}
