#include "trace/step_code.h"

void step_code_now(struct codec *codec, struct now *last, struct now *now)
{
    int64_t passed = now->mono_ms - last->mono_ms;
    int64_t moved = (now->wall_ms - now->mono_ms) - (last->wall_ms - last->mono_ms);
    code_time(codec, &passed);
    code_time(codec, &moved);
    if (codec->reading) {
        if (passed < 0 || passed == NEVER_MS || moved == NEVER_MS)
            codec_refuse(codec);
        passed = codec->err ? 0 : passed;
        moved = codec->err ? 0 : moved;
        now->mono_ms = last->mono_ms + passed;
        now->wall_ms = last->wall_ms + passed + moved;
    }
    *last = *now;
}

void step_code_answer(struct codec *codec, struct step_answer *answer)
{
    code_enum(codec, &answer->hook, HOOK_COUNT);
    code_enum(codec, &answer->err, ERR_COUNT);
    code_enum(codec, &answer->rule, POLICY_RULES);
    code_enum(codec, &answer->failure, POLICY_FAILURES);
    code_u32(codec, &answer->generation);
    if (answer->failure) {
        code_u64(codec, &answer->instructions);
        code_u32(codec, &answer->wants);
    }
    code_bool(codec, &answer->drew);
    if (answer->drew)
        code_bytes(codec, &answer->rng, sizeof answer->rng);
}

uint32_t policy_wishes(struct policy *policy)
{
    uint32_t wishes = 0;
    for (int hook = 0; hook < HOOK_COUNT; hook++)
        if (policy_wants(policy, (enum hook)hook))
            wishes |= UINT32_C(1) << hook;
    return wishes;
}
