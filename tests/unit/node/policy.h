/* A policy in C, in place of core/script: the rules of behaviour.md that the shipped default
 * follows (R20, R42 - R44 with F14, R47, R51, R52, F25, 1.10, P6, P20, B36, B37, S20), and switches
 * to misbehave. */
#ifndef TESTS_NODE_POLICY_H
#define TESTS_NODE_POLICY_H

#include "policy/policy.h"
#include "policy/schema.h"
#include <assert.h>
#include <math.h>
#include <string.h>

struct fake_policy {
    struct policy policy;
    bool fails[HOOK_COUNT];   /* ERR_SCRIPT instead of an answer */
    bool answers[HOOK_COUNT]; /* also hooks whose rule is in the core: what twist says */
    /* Changes the default's verdict before the node sees it. */
    void (*twist)(struct fake_policy *fake, enum hook hook, const void *view, void *verdict);
    void *test;

    /* What was asked. */
    unsigned asked[HOOK_COUNT];
    struct bias_view bias;
    struct select_view select;
    struct address_row rows[1024]; /* of the last select */
    int64_t failures;              /* of the last backoff */
    char class[32];
    char kind[32]; /* of the last ban */
    int64_t incidents;
};

static inline bool text_is(const char *text, const char *other)
{
    return strcmp(text, other) == 0;
}

static inline void fake_bias(const struct bias_view *view, struct bias_verdict *verdict)
{
    int64_t outbound = view->common.outbound < 8 ? view->common.outbound : 8;
    int64_t draw = 3 * view->wanted;
    verdict->new_percent = (double)(outbound * 10 + 10);
    verdict->draw = draw < 1 ? 1 : draw > 1024 ? 1024 : draw;
}

static inline void fake_select(const struct select_view *view, struct select_verdict *verdict)
{
    for (size_t i = 0; i < view->candidates_n && (int64_t)verdict->picks_n < view->wanted; i++)
        if (view->candidates[i].retry_in_s <= 0)
            verdict->picks[verdict->picks_n++] = (struct policy_pick){.row = (int64_t)i};
}

static inline void fake_backoff(
    struct rng *rng, const struct backoff_view *view, struct backoff_verdict *verdict)
{
    bool foreign = text_is(view->class, "other_network") ||
        text_is(view->class, "other_block_version") || text_is(view->class, "no_common_channel");
    if (foreign || view->failures > 16) {
        verdict->act = BACKOFF_ban;
        verdict->ban_s = 86400;
        return;
    }
    verdict->act = BACKOFF_wait;
    verdict->wait_s = pow(2, (double)view->failures) + rng_unit(rng);
}

static inline void fake_ban(const struct ban_view *view, struct ban_verdict *verdict)
{
    bool banned = text_is(view->kind, "pex_too_soon") || text_is(view->kind, "pex_bad_address") ||
        text_is(view->kind, "pex_unsolicited");
    verdict->ban_s = banned ? 86400 : 0;
    verdict->scope = POLICY_SCOPE_id;
    verdict->disconnect = true;
}

static inline void fake_promote(const struct promote_view *view, struct promote_verdict *verdict)
{
    const struct peer_row *peer = &view->peer;
    verdict->good = peer->lists == 0
        ? peer->uptime_s >= view->good_after_s
        : view->common.role == POLICY_ROLE_seed || peer->uptime_s >= view->good_after_list_s;
}

static inline void fake_seeds(
    struct rng *rng, const struct seeds_view *view, struct seeds_verdict *verdict)
{
    for (size_t i = 0; i < view->seeds_n; i++) {
        uint64_t place = rng_below(rng, i + 1);
        verdict->rows[i] = verdict->rows[place];
        verdict->rows[place] = (int64_t)i;
    }
    verdict->rows_n = view->seeds_n;
}

static inline void fake_ask_whom(
    struct rng *rng, const struct ask_view *view, struct ask_verdict *verdict)
{
    bool dialed = view->peers_n > 0 && view->peers[0].outbound;
    bool worth = view->need_more || view->common.role == POLICY_ROLE_seed ||
        (view->peers_n > 0 && view->peers[0].seed);
    verdict->is_false = view->peers_n == 0 ||
        (view->reason == POLICY_WANTED_connected ? !dialed || !worth : !view->need_more);
    if (!verdict->is_false && view->reason == POLICY_WANTED_tick)
        verdict->row = (int64_t)rng_below(rng, view->peers_n);
}

static inline void fake_reconnect(
    struct rng *rng, const struct reconnect_view *view, struct reconnect_verdict *verdict)
{
    double longest = view->max_wait_s > 0 ? fmin(view->max_wait_s, 86400) : view->longest_s;
    double wait = view->interval_s;
    if (view->failures > view->tries)
        wait = pow((double)view->factor, (double)(view->failures - view->tries));
    verdict->wait_s = fmin(wait + view->jitter_s * rng_unit(rng), longest);
}

static inline bool fake_may_go(const struct rotate_view *view, const struct peer_row *peer)
{
    if (peer->uptime_s >= view->hold_max_s)
        return true;
    if (!peer->outbound)
        return peer->requests == 0 && peer->uptime_s >= view->idle_s;
    return peer->lists > 0 ? peer->list_age_s >= view->hold_after_list_s
                           : peer->uptime_s >= view->hold_without_list_s;
}

static inline void fake_rotate(const struct rotate_view *view, struct rotate_verdict *verdict)
{
    for (size_t i = 0; i < view->peers_n && view->common.role == POLICY_ROLE_seed; i++)
        if (fake_may_go(view, &view->peers[i]))
            verdict->rows[verdict->rows_n++] = (int64_t)i;
}

static inline void fake_crawl(const struct crawl_view *view, struct crawl_verdict *verdict)
{
    for (size_t i = 0; i < view->candidates_n; i++) {
        double age_s = view->candidates[i].last_crawl_age_s;
        if (age_s < 0 || age_s >= view->again_s)
            verdict->rows[verdict->rows_n++] = (int64_t)i;
    }
}

static inline void fake_share(const struct share_view *view, struct share_verdict *verdict)
{
    bool seed = view->common.role == POLICY_ROLE_seed;
    verdict->act = SHARE_amount;
    verdict->count = view->count;
    verdict->new_percent = seed ? view->seed_new_percent : -1;
    verdict->verified_first = seed;
}

static inline void fake_text(char *out, size_t cap, const char *text)
{
    memset(out, 0, cap);
    strncpy(out, text, cap - 1);
}

static inline void fake_note(struct fake_policy *fake, enum hook hook, const void *view)
{
    fake->asked[hook]++;
    switch (hook) {
    case HOOK_bias:
        fake->bias = *(const struct bias_view *)view;
        break;
    case HOOK_select:
        fake->select = *(const struct select_view *)view;
        memcpy(fake->rows, fake->select.candidates, fake->select.candidates_n * sizeof *fake->rows);
        break;
    case HOOK_backoff:
        fake->failures = ((const struct backoff_view *)view)->failures;
        fake_text(fake->class, sizeof fake->class, ((const struct backoff_view *)view)->class);
        break;
    case HOOK_ban:
        fake->incidents = ((const struct ban_view *)view)->incidents;
        fake_text(fake->kind, sizeof fake->kind, ((const struct ban_view *)view)->kind);
        break;
    default:
        break;
    }
}

static inline bool fake_by_rule(struct rng *rng, enum hook hook, const void *view, void *verdict)
{
    switch (hook) {
    case HOOK_bias:
        fake_bias(view, verdict);
        break;
    case HOOK_select:
        fake_select(view, verdict);
        break;
    case HOOK_backoff:
        fake_backoff(rng, view, verdict);
        break;
    case HOOK_ban:
        fake_ban(view, verdict);
        break;
    case HOOK_dial_count:
        ((struct dial_count_verdict *)verdict)->dials =
            ((const struct dial_count_view *)view)->free;
        break;
    case HOOK_promote:
        fake_promote(view, verdict);
        break;
    case HOOK_ask:
        fake_ask_whom(rng, view, verdict);
        break;
    case HOOK_seeds:
        fake_seeds(rng, view, verdict);
        break;
    case HOOK_reconnect:
        fake_reconnect(rng, view, verdict);
        break;
    case HOOK_rotate:
        fake_rotate(view, verdict);
        break;
    case HOOK_crawl:
        fake_crawl(view, verdict);
        break;
    case HOOK_share:
        fake_share(view, verdict);
        break;
    default:
        return false;
    }
    return true;
}

static inline enum err fake_ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct fake_policy *fake = (struct fake_policy *)self;
    assert(((const struct policy_common *)view)->now > 0); /* each view begins with the same */
    fake_note(fake, hook, view);
    if (fake->fails[hook])
        return ERR_SCRIPT;
    memset(verdict, 0, schema_hooks[hook].verdict.size);
    if (!fake_by_rule(rng, hook, view, verdict) && !fake->answers[hook])
        return ERR_NOT_FOUND;
    if (fake->twist)
        fake->twist(fake, hook, view, verdict);
    return ERR_OK;
}

static inline bool fake_wants(struct policy *self, enum hook hook)
{
    return !schema_hooks[hook].answered_by_core || ((struct fake_policy *)self)->answers[hook];
}

#endif
