#include "policy/policy.h"

const char *policy_rule_name(enum policy_rule rule)
{
    static const char *const names[POLICY_RULES] = {"none", "live", "base"};
    return names[rule];
}
