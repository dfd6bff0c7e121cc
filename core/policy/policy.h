/* The questions a node asks and the answers it accepts.
 *
 * A policy is an interface that the node owns. core/script implements it in Lua; a test implements
 * it in C; the node cannot tell which answered. Views and verdicts are the plain structs generated
 * from lua/schema (struct HOOK_view, struct HOOK_verdict); a view and everything it points to is
 * valid during the call, a verdict belongs to the caller.
 *
 * An answer arrives in range (ranges of the schema), with indexes that exist in the view. Whether
 * it is *safe* is the node's to check: behaviour.md section 5, last column.
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
    POLICY_RULE_NONE, /* nobody's: ERR_SCRIPT */
    POLICY_RULE_LIVE, /* the policy that was loaded */
    POLICY_RULE_BASE, /* what it extends, or the default, because it failed or left it to that */
    POLICY_RULES
};

/* "none", "live", "base" */
const char *policy_rule_name(enum policy_rule rule);

/* About the last answer, beside the verdict, for whoever keeps a record of decisions. Texts are
 * valid until the next question. */
struct policy_answer {
    enum policy_rule rule;
    unsigned generation; /* counts loads and rollbacks */
    const char *name;    /* of the loaded policy */
    const char *hash;    /* of its source */
    const char *failure; /* how the loaded policy failed ("fuse"), "" if it did not */
};

struct policy {
    /* Answers one question: verdict is the hook's verdict struct. rng serves view.random().
     * ERR_SCRIPT: not even the base rule could answer; the verdict is untouched and the node does
     * nothing this time. */
    enum err (*ask)(
        struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict);
    /* NULL: there is nothing to tell. */
    void (*describe)(const struct policy *self, struct policy_answer *answer);
};

static inline enum err policy_ask(
    struct policy *policy, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    return policy->ask(policy, hook, rng, view, verdict);
}

static inline struct policy_answer policy_describe(const struct policy *policy)
{
    struct policy_answer answer = {.name = "", .hash = "", .failure = ""};
    if (policy->describe)
        policy->describe(policy, &answer);
    return answer;
}

#endif
