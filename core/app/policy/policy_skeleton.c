#include "app/policy/policy_skeleton.h"

#include <stdio.h>

/* NAME stands twice: in the first line and as the policy's name. */
static const char skeleton[] =
    "-- %s: says in one sentence what this policy is for.\n"
    "local policy = pex.policy {\n"
    "  name = \"%s\", version = 1, -- a new version where policy.state changes its form\n"
    "  extends = \"default\",       -- answers every hook that is not defined here\n"
    "  params = {                 -- what an operator may change while the node runs\n"
    "    draw = { default = 60, min = 1, max = 1024, unit = \"candidates\", doc = \"how many to "
    "look at\" },\n"
    "  },\n"
    "}\n"
    "\n"
    "-- A hook gets a view and answers with a verdict; `luapex policy doc` lists all hooks, "
    "`luapex\n"
    "-- policy doc bias` says what this one sees and may answer. nil: as `extends` would.\n"
    "function policy.bias(view)\n"
    "  local verdict = pex.base.bias(view) -- what the policy we extend would say\n"
    "  return { new_percent = verdict.new_percent, draw = policy.params.draw, reason = \"wide "
    "draw\" }\n"
    "end\n"
    "\n"
    "-- Run before the policy is loaded: one that fails keeps the running policy. Fields that\n"
    "-- `given` lacks have defaults; `expect` compares what it names, a number may be { low, high "
    "}.\n"
    "policy.examples = {\n"
    "  { hook = \"bias\", given = { outbound = 3 }, expect = { new_percent = 40, draw = 60 } },\n"
    "}\n"
    "\n"
    "return policy\n";

static_assert(sizeof skeleton + 2 * SCRIPT_NAME_MAX <= POLICY_SKELETON_MAX, "fits with any name");

size_t policy_skeleton(const char *name, char out[POLICY_SKELETON_MAX])
{
    return (size_t)snprintf(out, POLICY_SKELETON_MAX, skeleton, name, name);
}
