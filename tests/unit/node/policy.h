/* A policy in C, in place of core/script: the rules of behaviour.md that the shipped default
 * follows (R43, R44 with F14, R51, R52, F25, 1.10), and switches to misbehave. */
#ifndef TESTS_NODE_POLICY_H
#define TESTS_NODE_POLICY_H

#include "policy/policy.h"
#include "policy/schema.h"
#include <math.h>
#include <string.h>

struct fake_policy {
    struct policy policy;
    bool fails[HOOK_COUNT]; /* ERR_SCRIPT instead of an answer */
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

static inline enum err fake_ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct fake_policy *fake = (struct fake_policy *)self;
    fake_note(fake, hook, view);
    if (fake->fails[hook])
        return ERR_SCRIPT;
    memset(verdict, 0, schema_hooks[hook].verdict.size);
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
    default:
        return ERR_NOT_FOUND;
    }
    if (fake->twist)
        fake->twist(fake, hook, view, verdict);
    return ERR_OK;
}

#endif
