/* What a STEP record says. In its body:
 *
 *     mono_ms (difference to the last step)  clock (difference of wall_ms - mono_ms)  event
 *     { 1  question }*  0
 *     actions (action_code.h), to the end
 */
#ifndef TRACE_STEP_CODE_H
#define TRACE_STEP_CODE_H

#include "base/codec.h"
#include "base/now.h"
#include "policy/policy.h"

/* The time of a step from that of the last one, or of the segment; *last moves on. */
void step_code_now(struct codec *codec, struct now *last, struct now *now);

/* A question's answer. */
struct step_answer {
    enum hook hook;
    enum err err; /* ERR_OK: there is a verdict */
    enum policy_rule rule;
    enum policy_failure failure;
    uint64_t instructions; /* with a failure */
    uint32_t generation;   /* of the policy: another one in a segment's last step only (L2) */
    uint32_t wants;        /* with a failure: what it wants to be asked from now on */
    bool drew;             /* the generator moved, to: */
    struct rng rng;
};

void step_code_answer(struct codec *codec, struct step_answer *answer);

/* A bit for each hook that a policy wants. */
uint32_t policy_wishes(struct policy *policy);

#endif
