#include "policy/policy.h"

#include "policy/schema.h"

const char *policy_rule_name(enum policy_rule rule)
{
    static const char *const names[POLICY_RULES] = {"none", "live", "base"};
    return names[rule];
}

const char *policy_failure_name(enum policy_failure failure)
{
    static const char *const names[POLICY_FAILURES] = {
        "", "error", "instructions", "fuse", "memory", "fallen_back", "turn"};
    return names[failure];
}

bool policy_wants(struct policy *policy, enum hook hook)
{
    return policy->wants ? policy->wants(policy, hook) : !schema_hooks[hook].answered_by_core;
}
