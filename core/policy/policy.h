/* The questions a node asks and the answers it accepts.
 *
 * A policy is an interface that the node owns. core/script implements it in Lua; a test implements
 * it in C; the node cannot tell which answered. Views and verdicts are the plain structs generated
 * from lua/schema (struct HOOK_view, struct HOOK_verdict); a view and everything it points to is
 * valid during the call, a verdict belongs to the caller.
 *
 * An answer arrives in range (ranges of the schema), with indexes that exist in the view, but
 * perhaps one of them twice. Whether it is *safe* is the node's to check: behaviour.md section 5,
 * last column.
 *
 * Where a hook's rule is in the core (schema.h: answered_by_core), the node asks only if the policy
 * wants to be asked, and decides itself whenever it gets no answer.
 */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "base/err.h"
#include "base/rng.h"
#include "schema/policy_schema.h"

/* From lua/schema, for every hook NAME: HOOK_NAME, struct NAME_view (beginning with struct
 * policy_common) and struct NAME_verdict. Indexes of rows count from 0. schema.h describes them. */

/* Whose verdict it was. */
enum policy_rule {
    POLICY_RULE_NONE, /* nobody's: ask returned an error */
    POLICY_RULE_LIVE, /* the policy that was loaded */
    POLICY_RULE_BASE, /* what it extends, or the default, because it failed or left it to that */
    POLICY_RULES
};

/* "none", "live", "base" */
const char *policy_rule_name(enum policy_rule rule);

/* Why the live policy did not answer. */
enum policy_failure {
    POLICY_FAILURE_NONE,         /* it did, or left the question to the core */
    POLICY_FAILURE_ERROR,        /* a run-time error, or a verdict against the schema */
    POLICY_FAILURE_INSTRUCTIONS, /* the limits of one call (script.h) */
    POLICY_FAILURE_FUSE,
    POLICY_FAILURE_MEMORY,
    POLICY_FAILURE_FALLEN_BACK, /* not asked: this hook failed too often */
    POLICY_FAILURE_TURN,        /* not asked: the time of this turn of the loop was used up */
    POLICY_FAILURES
};

/* "", "error", "instructions", "fuse", "memory", "fallen_back", "turn" */
const char *policy_failure_name(enum policy_failure failure);

/* About the last answer, beside the verdict, for whoever keeps a record of decisions. Texts are
 * valid until the next question. */
struct policy_answer {
    enum policy_rule rule;
    unsigned generation; /* counts loads and rollbacks */
    const char *name;    /* of the loaded policy */
    const char *hash;    /* of its source */
    enum policy_failure failure;
    uint64_t instructions; /* of Lua that the loaded policy ran, in steps of 100 */
};

/* For replay: how the loaded policy fails at the next question, whatever it would have done; a call
 * that was stopped in the middle is stopped there again, so that policy.state is as it was. */
struct policy_forced {
    enum policy_failure failure; /* none: nothing is forced */
    uint64_t instructions;       /* as they were in struct policy_answer */
};

/* Whether replaying the call on the same inputs might end otherwise: time and memory depend on the
 * machine, and what ran before; errors and instructions do not. */
static inline bool policy_failure_is_of_the_machine(enum policy_failure failure)
{
    return failure == POLICY_FAILURE_FUSE || failure == POLICY_FAILURE_MEMORY ||
        failure == POLICY_FAILURE_TURN;
}

struct policy {
    /* Answers one question: verdict is the hook's verdict struct.
     * rng serves view.random(). ERR_NOT_FOUND: the policy leaves it to the core. ERR_SCRIPT: not
     * even the base rule could answer. Either way the verdict is untouched, and the node does as
     * its own rule says, or nothing this time where it has none. */
    enum err (*ask)(
        struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict);
    /* For policy_wants. NULL: all hooks but those whose rule is in the core. */
    bool (*wants)(struct policy *self, enum hook hook);
    /* For policy_describe. NULL: there is nothing to tell. */
    void (*describe)(const struct policy *self, struct policy_answer *answer);
    /* Taken back by the next question. A policy in C may ignore it. */
    struct policy_forced forced;
};

static inline enum err policy_ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    return policy->ask(policy, hook, rng, view, verdict);
}

/* Whether asking can give an answer at all: a node need not make a view otherwise. Changes only
 * with a load or a failure. */
bool policy_wants(struct policy *policy, enum hook hook);

static inline struct policy_answer policy_describe(const struct policy *policy)
{
    struct policy_answer answer = {.name = "", .hash = ""};
    if (policy->describe)
        policy->describe(policy, &answer);
    return answer;
}

#endif
