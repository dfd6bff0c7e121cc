/* Seed mode: crawling, and how long peers may stay (R60 - R65, F17, P19, P20). */
#include "node/view.h"

#include <stdlib.h>

/* P19: between two crawls of one ID, whatever the policy says. */
#define SPACING_MS SECONDS_MS(30)
/* A sweep looks at so many entries at a time, more than a book of the usual size holds: where all
 * are candidates at once, who answers and who does not come mixed. The next part follows so long
 * after one in which there is nothing to do ... */
#define SWEEP_WINDOW 32768
#define SWEEP_STEP_MS 100
/* ... and begins so long after a list that brought something new. */
#define SWEEP_WAIT_MS SECONDS_MS(1)

/* It may have left the book, or been banned, since the pass began. */
static bool is_still_known(const struct step *step, const struct addr *addr)
{
    const struct book_entry *entry = book_find(step->node->book, &addr->id);
    return entry && endpoint_equal(&entry->addr.at, &addr->at);
}

bool crawler_visited_lately(const struct step *step, const struct peer_id *id)
{
    const int64_t *crawled_at = recent_find(&step->node->crawl.records, id);
    return crawled_at && step->now.mono_ms + 1 - *crawled_at < SPACING_MS;
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
    if (crawler_visited_lately(step, &addr->id) || !is_still_known(step, addr))
        return ERR_OK;
    if (dialer_dial(step, addr, ORIGIN_BOOK) == ERR_FULL)
        return ERR_FULL;
    crawler_note_visit(step, &addr->id); /* R61: recorded whatever comes of it */
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
    if (crawl->sweeping && crawl->sweep_ms == NEVER_MS)
        crawl->sweep_ms = step->now.mono_ms + 1;
    if (step->node->conns.dialing == 0)
        end_pass(step);
}

/* ---- the policy's order (P19) ---- */

static void choose_rows(struct crawl *crawl, const struct addr *addrs,
    const struct crawl_view *view, const struct crawl_verdict *verdict)
{
    bool seen[PEX_SELECTION_MAX] = {false};
    for (size_t i = 0; i < verdict->rows_n; i++)
        if (view_take_row(seen, view->candidates_n, verdict->rows[i]))
            crawl->queue[crawl->queue_n++] = addrs[verdict->rows[i]];
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

/* ---- passes ---- */

/* One that is still under way ends with what it reached. */
static void start_pass(struct step *step, const struct addr *addrs, size_t n)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    end_pass(step);
    crawl->began_ms = step->now.mono_ms;
    crawl->queue_at = crawl->queue_n = 0;
    if (n > 0)
        ask_for_order(step, addrs, n);
    log_write(&node->settings.log, LOG_INFO, "crawl", LOG_NUMBER("addresses", crawl->queue_n),
        LOG_NUMBER("peers", node->conns.peers), LOG_NUMBER("dialing", node->conns.dialing));
}

static void start_sweep(struct step *step, int64_t at_ms)
{
    struct crawl *crawl = &step->node->crawl;
    if (crawl->sweeping)
        return;
    crawl->sweeping = true;
    crawl->sweep_at = 0;
    crawl->sweep_ms = at_ms;
}

/* R60: one unbiased selection, then whoever was never visited. */
static void start_round(struct step *step)
{
    struct node *node = step->node;
    struct book_selection unbiased = {0};
    struct addr *addrs = outbox_alloc(step->outbox, PEX_SELECTION_MAX * sizeof *addrs);
    size_t n = book_select(node->book, step->now, &node->rng, &unbiased, addrs);
    start_pass(step, addrs, n);
    start_sweep(step, NEVER_MS);
    crawl_on(step);
}

/* A random sample of those in the sweep's window who were never visited. *end: where the next
 * window begins, 0 behind the last one. */
static size_t sample_unseen(struct step *step, struct addr *addrs, size_t max, uint32_t *end)
{
    struct node *node = step->node;
    const struct book_entry *entry = NULL;
    uint64_t seen = 0;
    *end = node->crawl.sweep_at;
    for (unsigned i = 0; i < SWEEP_WINDOW && (entry = book_next(node->book, end)); i++) {
        if (recent_find(&node->crawl.records, &entry->addr.id))
            continue;
        uint64_t place = seen < max ? seen : rng_below(&node->rng, seen + 1);
        seen++;
        if (place < max)
            addrs[place] = entry->addr;
    }
    if (!entry)
        *end = 0;
    return seen < max ? (size_t)seen : max;
}

/* The window is left when the policy wants none of it any more. */
static void move_window(struct step *step, uint32_t end)
{
    struct crawl *crawl = &step->node->crawl;
    crawl->sweep_at = end;
    crawl->sweeping = end > 0;
    if (crawl->sweeping)
        crawl->sweep_ms = step->now.mono_ms + SWEEP_STEP_MS;
}

void crawler_sweep(struct step *step)
{
    struct node *node = step->node;
    struct crawl *crawl = &node->crawl;
    const struct book_selection unbiased = {0};
    crawl->sweep_ms = NEVER_MS;
    if (crawl->queue_at < crawl->queue_n)
        return; /* a round has begun: the sweep goes on when its pass is through */
    struct addr *addrs = outbox_alloc(step->outbox, PEX_SELECTION_MAX * sizeof *addrs);
    size_t max = book_selection_size(node->book, &unbiased);
    uint32_t end;
    size_t n = sample_unseen(step, addrs, max, &end);
    if (n > 0)
        start_pass(step, addrs, n);
    if (n == 0 || crawl->queue_n == 0)
        move_window(step, end);
    crawl_on(step);
}

bool crawler_init(struct node *node)
{
    recent_init(&node->crawl.records, PEER_ID_SIZE, sizeof(int64_t), CRAWL_RECORDS_MAX,
        rng_next(&node->rng));
    node->crawl.began_ms = node->crawl.sweep_ms = NEVER_MS;
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
        start_round(step);
}

void crawler_round(struct step *step)
{
    struct node *node = step->node;
    reinstate_expired(step); /* F5: also in seed mode */
    start_round(step);
    if (node->conns.peers + node->conns.dialing == 0)
        seeds_dial(step);
}

void crawler_learned(struct step *step)
{
    if (step->node->settings.seed_mode)
        start_sweep(step, step->now.mono_ms + SWEEP_WAIT_MS);
}

void crawler_dial_ended(struct step *step)
{
    if (step->node->settings.seed_mode)
        crawl_on(step);
}

/* R64 */
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
