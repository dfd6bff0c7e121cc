/* The default policy in C: bias R43, dial R44 with F14, back-off R51 - R53 with F25, bans 1.10. It
 * counts the incidents that it is asked about, by error name. */
#ifndef TESTS_SIM_DEFAULT_POLICY_H
#define TESTS_SIM_DEFAULT_POLICY_H

#include "policy/policy.h"
#include <string.h>

#define FAILURES_MAX 16
#define BAN_S (24.0 * 3600)

struct default_policy {
    struct policy policy; /* first */
    uint64_t incidents;
    uint64_t bans;     /* answered to incidents */
    uint64_t give_ups; /* bans for failed dials */
    char last_kind[32];
};

static inline void answer_bias(const struct bias_view *view, struct bias_verdict *verdict)
{
    int64_t outbound = view->common.outbound < 8 ? view->common.outbound : 8;
    int64_t draw = 3 * view->wanted;
    *verdict = (struct bias_verdict){
        .new_percent = (double)(outbound * 10 + 10),
        .draw = draw < 1  ? 1
            : draw > 1024 ? 1024
                          : draw,
    };
}

static inline void answer_select(const struct select_view *view, struct select_verdict *verdict)
{
    verdict->picks_n = 0;
    verdict->reason[0] = 0;
    for (size_t i = 0; i < view->candidates_n && (int64_t)verdict->picks_n < view->wanted; i++)
        if (view->candidates[i].retry_in_s <= 0)
            verdict->picks[verdict->picks_n++] = (struct policy_pick){.row = (int64_t)i};
}

static inline bool is_foreign(const char *class)
{
    return strcmp(class, "other_network") == 0 || strcmp(class, "other_block_version") == 0 ||
        strcmp(class, "no_common_channel") == 0;
}

static inline void answer_backoff(struct default_policy *self, struct rng *rng,
    const struct backoff_view *view, struct backoff_verdict *verdict)
{
    int64_t doublings = view->failures < 32 ? view->failures : 32;
    double wait_s = (double)(INT64_C(1) << doublings) + rng_unit(rng);
    bool persistent = view->address.persistent;
    if (persistent && view->max_wait_s > 0 && wait_s > view->max_wait_s)
        wait_s = view->max_wait_s;
    *verdict = (struct backoff_verdict){.act = BACKOFF_wait, .wait_s = wait_s};
    if (persistent || (view->failures <= FAILURES_MAX && !is_foreign(view->class)))
        return;
    *verdict = (struct backoff_verdict){.act = BACKOFF_ban, .ban_s = BAN_S};
    self->give_ups++;
}

static inline void answer_ban(
    struct default_policy *self, const struct ban_view *view, struct ban_verdict *verdict)
{
    bool bans = strcmp(view->kind, "pex_too_soon") == 0 ||
        strcmp(view->kind, "pex_bad_address") == 0 || strcmp(view->kind, "pex_unsolicited") == 0;
    *verdict = (struct ban_verdict){.ban_s = bans ? BAN_S : 0, .disconnect = true};
    self->incidents++;
    self->bans += bans;
    strncpy(self->last_kind, view->kind, sizeof self->last_kind - 1);
}

static inline enum err default_policy_ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct default_policy *self = (struct default_policy *)policy;
    switch (hook) {
    case HOOK_bias:
        answer_bias(view, verdict);
        return ERR_OK;
    case HOOK_select:
        answer_select(view, verdict);
        return ERR_OK;
    case HOOK_backoff:
        answer_backoff(self, rng, view, verdict);
        return ERR_OK;
    case HOOK_ban:
        answer_ban(self, view, verdict);
        return ERR_OK;
    default:
        return ERR_SCRIPT;
    }
}

static inline struct default_policy default_policy(void)
{
    return (struct default_policy){.policy = {default_policy_ask}};
}

#endif
