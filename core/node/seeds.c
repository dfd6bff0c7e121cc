/* Seeds: whom to ask for addresses when the book gives none (R3 - R6, R58, P10, F14). */
#include "node/configured.h"
#include "node/view.h"

#include <stdlib.h>

#define SEEDS_SHOWN_MAX 256

static void end_walk(struct seed_walk *walk)
{
    walk->active = false;
    walk->n = walk->at = 0;
}

static bool seed_is_ready(const struct step *step, const struct configured_peer *seed)
{
    return seed->resolved && !seed->removed && !seed->never &&
        step->now.mono_ms - seed->tried_ms >= step->node->settings.seed_retry_ms;
}

/* Dials the next seed of the walk; ends it at a success or when none is left. */
static void walk_on(struct step *step)
{
    struct node *node = step->node;
    struct seed_walk *walk = &node->walk;
    for (; walk->at < walk->n; walk->at++) {
        struct configured_peer *seed = &node->seeds[walk->order[walk->at]];
        if (seed->removed)
            continue;
        enum err err = dialer_dial(step, &seed->addr, ORIGIN_SEED);
        if (err == ERR_OK) {
            seed->tried_ms = step->now.mono_ms;
            seed->dials++;
            return;
        }
        if (err == ERR_ALREADY_CONNECTED)
            break;
        char text[ADDR_TEXT_MAX];
        log_write(&node->settings.log, LOG_ERROR, "seed not dialed",
            LOG_TEXT("seed", addr_to_text(&seed->addr, text)), LOG_TEXT("error", err_text(err)));
    }
    if (walk->at == walk->n)
        log_write(&node->settings.log, LOG_ERROR, "no seed could be reached",
            LOG_NUMBER("tried", walk->n));
    end_walk(walk);
}

/* ---- the policy's order (P10) ---- */

static void view_seed(const struct step *step, const struct configured_peer *seed,
    struct seed_row *row, struct row_text *text)
{
    struct view_name name = view_name(step->node, &seed->addr, text);
    bool tried = seed->dials > 0;
    *row = (struct seed_row){
        .id = name.id,
        .ip = name.ip,
        .port = name.port,
        .group = name.group,
        .tag = name.tag,
        .last_try_age_s = tried ? view_age_mono_s(step, seed->tried_ms) : NEVER_AGE,
        .failures = seed->dials_failed,
        .result = tried ? err_name((enum err)seed->result) : "",
    };
}

/* The seeds that may be dialed now, into the order of the walk; at most as many as there are rows
 * for in a verdict. */
static uint32_t collect_ready(struct step *step)
{
    struct node *node = step->node;
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->seeds_n && n < SEEDS_SHOWN_MAX; i++)
        if (seed_is_ready(step, &node->seeds[i]))
            node->walk.order[n++] = i;
    return n;
}

static void choose_order(
    struct step *step, const uint32_t *ready, size_t ready_n, const struct seeds_verdict *verdict)
{
    struct seed_walk *walk = &step->node->walk;
    bool seen[SEEDS_SHOWN_MAX] = {false};
    for (size_t i = 0; i < verdict->rows_n; i++)
        if (view_take_row(seen, ready_n, verdict->rows[i]))
            walk->order[walk->n++] = ready[verdict->rows[i]];
}

static void ask_for_order(struct step *step, uint32_t ready_n)
{
    struct node *node = step->node;
    uint32_t *ready = outbox_alloc(step->outbox, ready_n * sizeof *ready);
    struct seed_row *rows = outbox_alloc(step->outbox, ready_n * sizeof *rows);
    struct row_text *texts = outbox_alloc(step->outbox, ready_n * sizeof *texts);
    memcpy(ready, node->walk.order, ready_n * sizeof *ready);
    for (uint32_t i = 0; i < ready_n; i++)
        view_seed(step, &node->seeds[ready[i]], &rows[i], &texts[i]);
    struct seeds_view view = {
        .need_more = book_need_more(node->book),
        .alone_s = view_age_mono_s(step, node->alone_since_ms),
        .seeds = rows,
        .seeds_n = ready_n,
    };
    struct seeds_verdict verdict;
    view_common(step, &view.common);
    if (policy_ask(node->policy, HOOK_seeds, &node->rng, &view, &verdict) == ERR_OK &&
        !verdict.is_false)
        choose_order(step, ready, ready_n, &verdict);
}

void seeds_dial(struct step *step)
{
    struct seed_walk *walk = &step->node->walk;
    if (walk->active)
        return;
    uint32_t ready_n = collect_ready(step);
    if (ready_n > 0)
        ask_for_order(step, ready_n);
    if (walk->n == 0)
        return;
    walk->active = true;
    log_write(&step->node->settings.log, LOG_INFO, "dialing seeds", LOG_NUMBER("seeds", walk->n));
    walk_on(step);
}

/* ---- what becomes of them ---- */

static void note_result(struct configured_peer *seed, enum err err)
{
    seed->result = (uint8_t)err;
    seed->dials_failed = err ? seed->dials_failed + 1 : 0;
}

/* Every dial of this origin belongs to the walk. */
void seeds_failed(struct step *step, enum err err, const char *detail)
{
    struct node *node = step->node;
    struct seed_walk *walk = &node->walk;
    if (!walk->active)
        return;
    struct configured_peer *seed = &node->seeds[walk->order[walk->at]];
    char text[ADDR_TEXT_MAX];
    log_write(&node->settings.log, LOG_ERROR, "seed dial failed",
        LOG_TEXT("seed", addr_to_text(&seed->addr, text)), LOG_TEXT("error", err_text(err)),
        refusal_field(detail));
    note_result(seed, err);
    if (err == ERR_SELF)
        seed->never = true;
    else if (seed->text.is_name && !seed->resolving &&
        !seed->removed) /* F14: its address may have changed */
        seed->next_ms = step->now.mono_ms + node->settings.lookup_retry_min_ms;
    walk->at++;
    walk_on(step);
}

void seeds_connected(struct step *step)
{
    struct node *node = step->node;
    struct seed_walk *walk = &node->walk;
    if (walk->active)
        note_result(&node->seeds[walk->order[walk->at]], ERR_OK);
    end_walk(walk);
}

/* R6: with seeds configured, one must resolve unless the book has addresses. */
void seeds_check(struct step *step)
{
    struct node *node = step->node;
    if (node->seeds_checked)
        return;
    for (uint32_t i = 0; i < node->seeds_n; i++) {
        if (node->seeds[i].resolved)
            break;
        if (node->seeds[i].resolving)
            return;
        if (i + 1 == node->seeds_n && book_count(node->book) == 0)
            outbox_add(step->outbox, ACTION_ABORT, 0)->abort.why =
                "none of the configured seeds resolves and the address book is empty; check the "
                "`seeds` setting and the name server";
    }
    node->seeds_checked = true;
}

static int64_t lookup_wait_ms(const struct node_settings *settings, uint32_t failures)
{
    int64_t wait = settings->lookup_retry_min_ms;
    for (uint32_t i = 1; i < failures && wait < settings->lookup_retry_max_ms; i++)
        wait *= 2;
    return earlier_ms(wait, settings->lookup_retry_max_ms);
}

static void seed_unresolved(struct step *step, struct configured_peer *seed)
{
    if (seed->failures < UINT32_MAX)
        seed->failures++;
    seed->next_ms = step->now.mono_ms + lookup_wait_ms(&step->node->settings, seed->failures);
    log_write(&step->node->settings.log, LOG_ERROR, "seed does not resolve",
        LOG_TEXT("seed", seed->text.host), LOG_TEXT("error", err_text(ERR_LOOKUP)),
        LOG_NUMBER("failures", seed->failures));
}

/* Whoever waits for a seed need not wait for the next period. */
static void dial_if_alone(struct step *step)
{
    const struct node *node = step->node;
    if (node->conns.peers + node->conns.dialing > 0)
        return;
    if (node->settings.seed_mode)
        seeds_dial(step);
    else
        ensure_wake(step, step->now.mono_ms);
}

static void seed_resolved(struct step *step, struct configured_peer *seed, const struct ip *ip)
{
    bool news = !seed->resolved || !ip_equal(&seed->addr.at.ip, ip);
    seed->failures = 0;
    configured_set_address(seed, ip);
    if (news)
        dial_if_alone(step);
}

void seeds_answered(struct step *step, struct configured_peer *seed, const struct event *event)
{
    size_t n = event->resolved.ips_n;
    if (event->resolved.err || n == 0)
        seed_unresolved(step, seed);
    else
        seed_resolved(step, seed, &event->resolved.ips[rng_below(&step->node->rng, n)]);
    seeds_check(step);
}

void seeds_start(struct step *step, uint32_t i)
{
    struct configured_peer *seed = &step->node->seeds[i];
    seed->tried_ms = step->now.mono_ms - step->node->settings.seed_retry_ms;
    seed->never = peer_id_equal(&seed->text.id, &step->node->settings.id);
    if (seed->text.is_name)
        configured_resolve(step, seed, i);
    else
        configured_set_address(seed, &seed->text.ip);
}

/* A walk that is under way knows seeds by their places. */
static struct configured_peer *new_place(struct node *node)
{
    return node->walk.active ? configured_grow(&node->seeds, &node->seeds_n)
                             : configured_place(&node->seeds, &node->seeds_n);
}

enum err seeds_add(struct step *step, const struct addr_text *text)
{
    struct node *node = step->node;
    if (peer_id_equal(&text->id, &node->settings.id))
        return ERR_ADDR_SELF;
    if (configured_is_seed(node, &text->id))
        return ERR_LISTED;
    uint32_t *order = realloc(node->walk.order, (node->seeds_n + 1) * sizeof *order);
    if (!order)
        return ERR_FULL;
    node->walk.order = order;
    struct configured_peer *seed = new_place(node);
    if (!seed)
        return ERR_FULL;
    *seed = (struct configured_peer){.text = *text, .next_ms = NEVER_MS};
    seeds_start(step, (uint32_t)(seed - node->seeds));
    struct conn *conn = conns_peer(&node->conns, &text->id);
    if (conn)
        conn->is_seed = true;
    else if (seed->resolved)
        dial_if_alone(step);
    return ERR_OK;
}

enum err seeds_remove(struct step *step, const struct peer_id *id)
{
    struct node *node = step->node;
    struct configured_peer *seed = configured_seed(node, id);
    if (!seed)
        return ERR_NOT_FOUND;
    seed->removed = true;
    seed->next_ms = NEVER_MS;
    node->seeds_checked = true; /* R6 is for a start that nobody watches */
    struct conn *conn = conns_peer(&node->conns, id);
    if (conn)
        conn->is_seed = false;
    return ERR_OK;
}
