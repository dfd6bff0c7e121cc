/* Bans that ran out: which of their addresses come back (R46, P11, F4, F5). */
#include "node/view.h"

#define BANS_SHOWN_MAX 256

struct expired {
    struct banned_row rows[BANS_SHOWN_MAX];
    struct row_text texts[BANS_SHOWN_MAX];
    struct ban_target targets[BANS_SHOWN_MAX];
    size_t n;
};

static void view_banned(
    const struct step *step, const struct ban *ban, struct banned_row *row, struct row_text *text)
{
    struct view_name name = view_name(step->node, &ban->addr, text);
    *row = (struct banned_row){
        .id = name.id,
        .ip = name.ip,
        .port = name.port,
        .group = name.group,
        .tag = name.tag,
        .reason = ban->reason,
        .bans = ban->times,
        .ban_age_s = view_age_s(step, ban->since_ms),
        .expired_age_s = view_age_s(step, ban->until_ms),
    };
}

/* A sample where there are more. */
static void collect(struct step *step, struct expired *expired)
{
    const struct bans *bans = book_bans(step->node->book);
    const struct ban *shown[BANS_SHOWN_MAX];
    uint64_t seen = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++) {
        const struct ban *ban = bans_at(bans, i);
        if (!ban->has_addr || ban->until_ms > step->now.wall_ms)
            continue;
        uint64_t place = seen < BANS_SHOWN_MAX ? seen : rng_below(&step->node->rng, seen + 1);
        seen++;
        if (place < BANS_SHOWN_MAX)
            shown[place] = ban;
    }
    expired->n = seen < BANS_SHOWN_MAX ? (size_t)seen : BANS_SHOWN_MAX;
    for (size_t i = 0; i < expired->n; i++) {
        expired->targets[i] = shown[i]->target;
        view_banned(step, shown[i], &expired->rows[i], &expired->texts[i]);
    }
}

static uint32_t bring_back(
    struct step *step, const struct expired *expired, const struct reinstate_verdict *verdict)
{
    struct node *node = step->node;
    bool seen[BANS_SHOWN_MAX] = {false};
    uint32_t n = 0;
    for (size_t i = 0; i < verdict->rows_n; i++)
        if (view_take_row(seen, expired->n, verdict->rows[i]))
            n += book_reinstate(node->book, step->now, &node->rng,
                     &expired->targets[verdict->rows[i]], false) == ERR_OK;
    return n;
}

/* ERR_OK: the policy decided, *n came back. */
static enum err ask(struct step *step, uint32_t *n)
{
    struct node *node = step->node;
    struct expired *expired = outbox_alloc(step->outbox, sizeof *expired);
    struct reinstate_verdict verdict;
    collect(step, expired);
    struct reinstate_view view = {
        .need_more = book_need_more(node->book),
        .banned = expired->rows,
        .banned_n = expired->n,
    };
    if (expired->n == 0)
        return ERR_NOT_FOUND;
    view_common(step, &view.common);
    enum err err = policy_ask(node->policy, HOOK_reinstate, &node->rng, &view, &verdict);
    if (!err && !verdict.is_false)
        *n = bring_back(step, expired, &verdict);
    return err;
}

void reinstate_expired(struct step *step)
{
    struct node *node = step->node;
    uint32_t n = 0;
    if (!policy_wants(node->policy, HOOK_reinstate) || ask(step, &n))
        n = book_reinstate_expired(node->book, step->now, &node->rng);
    if (n > 0)
        log_write(&node->settings.log, LOG_INFO, "addresses reinstated", LOG_NUMBER("n", n));
}
