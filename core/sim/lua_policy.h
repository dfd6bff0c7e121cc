/* A policy in Lua for one machine, as the program runs it: in a VM of its own that begins anew with
 * the machine, and with what the policy remembers (policy.state) carried over. The clock of its
 * fuses stands still, so a run does not depend on the computer: what takes too long is stopped by
 * its number of instructions.
 *
 * Unlike on a disk, what it remembers is never older than the end of the machine's last run. */
#ifndef SIM_LUA_POLICY_H
#define SIM_LUA_POLICY_H

#include "script/script.h"

/* What policies are made from; borrowed as long as one of them lives. */
struct lua_rules {
    const struct script_source *source; /* NULL: the default's */
    const struct lua_param {
        const char *name, *value;
    } * params; /* set at every start */
    size_t params_n;
    struct log log;
};

struct lua_policy;

/* ERR_SCRIPT, ERR_TOO_LONG, ERR_NO_MEMORY: *error says why. */
enum err lua_policy_new(
    const struct lua_rules *rules, struct lua_policy **policy, struct script_error *error);
void lua_policy_free(struct lua_policy *policy); /* NULL is fine */

/* For struct sim_machine: its policy, and what begins with it. */
struct policy *lua_policy_of(struct lua_policy *policy);
void lua_policy_begin(struct policy *policy);

/* The VM that answers, until the next start. */
struct script *lua_policy_script(struct lua_policy *policy);
/* Questions that the policy itself failed at, over all starts. */
uint64_t lua_policy_errors(const struct lua_policy *policy);

#endif
