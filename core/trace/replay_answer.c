#include "trace/replay_inside.h"

#include "policy/schema.h"
#include "trace/decision.h"

/* ---- differences ---- */

static json_t *question_json(const struct replay *replay)
{
    if (replay->hook == HOOK_COUNT)
        return NULL;
    return json_pack("{s:s, s:o?}", "hook", schema_hooks[replay->hook].name, "view",
        decision_view_json(codec_written(&replay->question), replay->hook, NULL));
}

void replay_differ(
    struct replay *replay, enum replay_difference difference, json_t *expected, json_t *got)
{
    struct replay_report *report = replay->report;
    if (replay_is_over(replay)) {
        json_decref(expected);
        json_decref(got);
        return;
    }
    report->difference = difference;
    report->segment = replay->segment.number;
    report->step = replay->step;
    report->now = replay->now;
    report->event = difference == REPLAY_STATE ? NULL : event_json(&replay->event);
    report->decision = question_json(replay);
    report->expected = expected;
    report->got = got;
}

/* ---- answers ---- */

json_t *replay_hook_json(enum hook hook)
{
    return json_pack("{s:s}", "asked", schema_hooks[hook].name);
}

static json_t *answer_json(
    enum hook hook, enum err err, enum policy_failure failure, const void *verdict)
{
    json_t *into = err ? json_pack("{s:s}", "error", err_name(err))
                       : json_pack("{s:o?}", "verdict", decision_verdict_json(hook, verdict));
    if (into && failure)
        json_object_set_new(into, "failure", json_string(policy_failure_name(failure)));
    if (into && !err && *decision_reason(hook, verdict))
        json_object_set_new(into, "reason",
            json_stringn(decision_reason(hook, verdict), strlen(decision_reason(hook, verdict))));
    return into;
}

static bool same_verdict(
    struct replay *replay, enum hook hook, const void *verdict, const void *other)
{
    codec_reset(&replay->one);
    codec_reset(&replay->other);
    decision_code_verdict(&replay->one, hook, (void *)verdict);
    decision_code_verdict(&replay->other, hook, (void *)other);
    return span_equal(codec_written(&replay->one), codec_written(&replay->other));
}

/* The next recorded question, which must be this one. */
static bool read_answer(
    struct replay *replay, enum hook hook, const void *view, struct step_answer *answer)
{
    bool another;
    code_bool(&replay->body, &another);
    if (!replay->body.err && !another) {
        replay_differ(replay, REPLAY_QUESTION, NULL, replay_hook_json(hook));
        return false;
    }
    step_code_answer(&replay->body, answer);
    if (!replay->body.err && answer->hook != hook) {
        replay_differ(
            replay, REPLAY_QUESTION, replay_hook_json(answer->hook), replay_hook_json(hook));
        return false;
    }
    if (!answer->err)
        decision_code_verdict(&replay->body, hook, replay->recorded);
    if (!replay->body.err && !answer->err && !decision_verdict_fits(hook, replay->recorded, view))
        codec_refuse(&replay->body);
    return !replay->body.err;
}

/* The policy answers anew. */
static enum err answer_anew(struct replay *replay, const struct step_answer *recorded,
    struct rng *rng, const void *view, void *verdict)
{
    enum hook hook = recorded->hook;
    struct rng expected = recorded->drew ? recorded->rng : *rng;
    if (policy_failure_is_of_the_machine(recorded->failure))
        replay->inner->forced = (struct policy_forced){recorded->failure, recorded->instructions};
    enum err err = policy_ask(replay->inner, hook, rng, view, verdict);
    struct policy_answer about = policy_describe(replay->inner);
    bool same = err == recorded->err && about.failure == recorded->failure &&
        about.generation == recorded->generation &&
        (err || same_verdict(replay, hook, replay->recorded, verdict)) &&
        memcmp(rng, &expected, sizeof expected) == 0;
    if (!same)
        replay_differ(replay, REPLAY_ANSWER,
            answer_json(hook, recorded->err, recorded->failure, replay->recorded),
            answer_json(hook, err, about.failure, verdict));
    return err;
}

static void tell_asked(struct replay *replay, enum hook hook, const struct rng *before,
    const void *view, const struct step_answer *answer)
{
    const struct replay_question question = {
        .segment = replay->segment.number,
        .step = replay->step,
        .now = replay->now,
        .hook = hook,
        .recorded = answer != NULL,
        .view = view,
        .rng = *before,
        .err = answer ? answer->err : ERR_NOT_FOUND,
        .verdict = answer && !answer->err ? replay->recorded : NULL,
    };
    if (replay->settings->asked)
        replay->settings->asked(replay->settings->context, &question);
}

static void keep_question(struct replay *replay, enum hook hook, const void *view)
{
    replay->hook = hook;
    codec_reset(&replay->question);
    decision_write_view(&replay->question, hook, view, NULL);
}

static enum err take_answer(
    struct replay *replay, const struct step_answer *answer, struct rng *rng, void *verdict)
{
    if (answer->drew)
        *rng = answer->rng;
    if (!answer->err)
        memcpy(verdict, replay->recorded, schema_hooks[answer->hook].verdict.size);
    return answer->err;
}

static enum err ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct replay *replay = (struct replay *)self;
    struct step_answer answer = {0};
    struct rng before = *rng;
    if (replay_is_over(replay))
        return ERR_NOT_FOUND;
    if (!(replay->wants >> hook & 1)) {
        tell_asked(replay, hook, &before, view, NULL);
        return ERR_NOT_FOUND;
    }
    keep_question(replay, hook, view);
    if (!read_answer(replay, hook, view, &answer)) {
        if (replay->body.err)
            replay->err = replay->body.err;
        return ERR_NOT_FOUND;
    }
    replay->report->decisions++;
    if (answer.failure)
        replay->wants = answer.wants;
    tell_asked(replay, hook, &before, view, &answer);
    return replay->inner ? answer_anew(replay, &answer, rng, view, verdict)
                         : take_answer(replay, &answer, rng, verdict);
}

static bool wants(struct policy *self, enum hook hook)
{
    struct replay *replay = (struct replay *)self;
    return (replay->wants | replay->settings->wishes) >> hook & 1;
}

struct policy replay_policy(void)
{
    return (struct policy){.ask = ask, .wants = wants};
}
