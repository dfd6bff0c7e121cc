#include "trace/journal.h"

#include "policy/schema.h"
#include "trace/decision_inside.h"
#include "trace/ring.h"
#include <stdio.h>
#include <stdlib.h>

struct journal {
    struct policy policy; /* first: &journal->policy is the journal */
    struct policy *inner;
    struct node_observer observer;
    int64_t (*clock_ns)(void *context);
    void *clock_context;
    struct ring decisions, events;
    struct happenings happenings;
    struct codec codec; /* the record being made */
    uint64_t number;    /* of the last record */
    struct now now;     /* of the step that is going on */
};

/* ---- records as bytes ---- */

/* Number, time, hook or event, body. */
static void begin(struct journal *journal, uint32_t name)
{
    struct codec *codec = &journal->codec;
    codec_reset(codec);
    journal->number++;
    code_u64(codec, &journal->number);
    code_time(codec, &journal->now.wall_ms);
    code_u32(codec, &name);
}

static struct journal_record read_record(struct span bytes, bool is_decision)
{
    struct codec codec = codec_reader(bytes);
    struct journal_record record = {.is_decision = is_decision};
    uint32_t name;
    code_u64(&codec, &record.number);
    code_time(&codec, &record.wall_ms);
    code_u32(&codec, &name);
    record.hook = is_decision ? (enum hook)name : HOOK_COUNT;
    record.happening = is_decision ? HAPPENINGS : (enum happening_kind)name;
    record.name = is_decision ? schema_hooks[name].name : happening_name((enum happening_kind)name);
    record.body = codec.in;
    return record;
}

static void end(struct journal *journal, struct ring *ring)
{
    if (!journal->codec.err)
        ring_put(ring, codec_written(&journal->codec));
}

/* ---- decisions ---- */

struct decided {
    enum err err;
    uint8_t rule;
    uint32_t generation;
    int64_t time_ns;
    char name[JOURNAL_TEXT_MAX + 1], hash[JOURNAL_TEXT_MAX + 1], failure[JOURNAL_TEXT_MAX + 1];
    struct span view;
};

static void code_decided(struct codec *codec, struct decided *decided)
{
    code_enum(codec, &decided->err, ERR_COUNT);
    code_enum(codec, &decided->rule, POLICY_RULES);
    code_u32(codec, &decided->generation);
    code_i64(codec, &decided->time_ns);
}

static void code_names(struct codec *codec, const struct policy_answer *answer)
{
    const char *const texts[] = {answer->name, answer->hash, policy_failure_name(answer->failure)};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct span text = span_of(texts[i], strnlen(texts[i], JOURNAL_TEXT_MAX));
        code_span(codec, &text, JOURNAL_TEXT_MAX);
    }
}

static enum err ask(
    struct policy *self, enum hook hook, struct rng *rng, const void *view, void *verdict)
{
    struct journal *journal = (struct journal *)self;
    int64_t start_ns = journal->clock_ns(journal->clock_context);
    enum err err = policy_ask(journal->inner, hook, rng, view, verdict);
    struct policy_answer answer = policy_describe(journal->inner);
    struct decided decided = {
        .err = err,
        .rule = (uint8_t)answer.rule,
        .generation = answer.generation,
        .time_ns = journal->clock_ns(journal->clock_context) - start_ns,
    };
    struct codec *codec = &journal->codec;
    begin(journal, hook);
    code_decided(codec, &decided);
    code_names(codec, &answer);
    if (!err)
        decision_code_verdict(codec, hook, verdict);
    decision_write_view(codec, hook, view, err ? NULL : verdict);
    end(journal, &journal->decisions);
    return err;
}

static bool wants(struct policy *self, enum hook hook)
{
    return policy_wants(((struct journal *)self)->inner, hook);
}

static void describe(const struct policy *self, struct policy_answer *answer)
{
    *answer = policy_describe(((const struct journal *)self)->inner);
}

/* ---- events ---- */

static void note(void *context, const struct happening *happening)
{
    struct journal *journal = context;
    begin(journal, happening->kind);
    happening_code(&journal->codec, (struct happening *)happening);
    end(journal, &journal->events);
}

void journal_note(
    struct journal *journal, struct now now, enum happening_kind kind, const char *text)
{
    struct happening made = {.kind = kind};
    snprintf(made.text, sizeof made.text, "%s", text ? text : "");
    journal->now = now;
    note(journal, &made);
}

static void before(void *context, struct now now, const struct event *event)
{
    struct journal *journal = context;
    journal->now = now;
    happenings_event(&journal->happenings, event);
}

static void after(void *context, struct now now, const struct action *actions, size_t n)
{
    struct journal *journal = context;
    (void)now;
    happenings_actions(&journal->happenings, actions, n);
}

/* ---- life ---- */

struct journal *journal_new(struct policy *inner, int64_t (*clock_ns)(void *context), void *context)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (!journal)
        return NULL;
    journal->policy = (struct policy){.ask = ask, .wants = wants, .describe = describe};
    journal->inner = inner;
    journal->observer = (struct node_observer){before, after, journal, NULL};
    journal->clock_ns = clock_ns;
    journal->clock_context = context;
    journal->codec = codec_writer();
    happenings_init(&journal->happenings, note, journal);
    if (!ring_init(&journal->decisions, JOURNAL_DECISIONS_BYTES, JOURNAL_RECORDS_MAX) &&
        !ring_init(&journal->events, JOURNAL_EVENTS_BYTES, JOURNAL_RECORDS_MAX))
        return journal;
    journal_free(journal);
    return NULL;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    ring_free(&journal->decisions);
    ring_free(&journal->events);
    happenings_free(&journal->happenings);
    codec_free(&journal->codec);
    free(journal);
}

struct policy *journal_policy(struct journal *journal)
{
    return &journal->policy;
}

struct node_observer *journal_observer(struct journal *journal)
{
    return &journal->observer;
}

/* ---- reading ---- */

static struct decided read_decided(struct span body, enum hook hook, void *verdict)
{
    struct codec codec = codec_reader(body);
    struct decided decided;
    code_decided(&codec, &decided);
    code_text(&codec, decided.name, sizeof decided.name);
    code_text(&codec, decided.hash, sizeof decided.hash);
    code_text(&codec, decided.failure, sizeof decided.failure);
    if (!decided.err)
        decision_code_verdict(&codec, hook, verdict);
    decided.view = codec.in;
    return decided;
}

static bool decision_matches(
    const struct journal_record *record, const struct decision_subject *subject)
{
    void *verdict = malloc(schema_hooks[record->hook].verdict.size);
    if (!verdict)
        return false;
    struct decided decided = read_decided(record->body, record->hook, verdict);
    free(verdict);
    return decision_concerns(decided.view, record->hook, subject);
}

bool journal_is_idle(const struct journal_record *record)
{
    void *verdict = record->is_decision ? malloc(schema_hooks[record->hook].verdict.size) : NULL;
    if (!verdict)
        return false;
    struct decided decided = read_decided(record->body, record->hook, verdict);
    bool is_idle = !decided.err && decision_is_idle(record->hook, verdict);
    free(verdict);
    return is_idle;
}

struct subject_texts {
    char id[PEER_ID_TEXT + 1], ip[IP_TEXT_MAX];
};

static struct decision_subject subject_of(
    const struct journal_filter *filter, struct subject_texts *texts)
{
    return (struct decision_subject){
        .id = filter->id ? peer_id_text(filter->id, texts->id) : NULL,
        .ip = filter->ip ? ip_text(filter->ip, texts->ip) : NULL,
        .port = filter->port,
    };
}

bool journal_matches(const struct journal_record *record, const struct journal_filter *filter)
{
    struct subject_texts texts;
    if (record->number <= filter->after ||
        (record->is_decision ? filter->no_decisions : filter->no_events) ||
        (filter->name && strcmp(filter->name, record->name) != 0))
        return false;
    if (!filter->id && !filter->ip)
        return true;
    if (!record->is_decision)
        return (filter->with_policy && happening_is_of_policy(record->happening)) ||
            happening_concerns(record->body, filter->id, filter->ip, filter->port);
    struct decision_subject subject = subject_of(filter, &texts);
    return decision_matches(record, &subject);
}

void journal_query(const struct journal *journal, const struct journal_filter *filter,
    bool (*visit)(void *context, const struct journal_record *record), void *context)
{
    uint32_t d = journal->decisions.count, e = journal->events.count;
    struct journal_record decision = {0}, event = {0};
    while (d > 0 || e > 0) { /* the newer of the two */
        if (d > 0)
            decision = read_record(ring_at(&journal->decisions, d - 1), true);
        if (e > 0)
            event = read_record(ring_at(&journal->events, e - 1), false);
        bool take_decision = d > 0 && (e == 0 || decision.number > event.number);
        const struct journal_record *record = take_decision ? &decision : &event;
        d -= take_decision;
        e -= !take_decision;
        if (record->number <= filter->after)
            return;
        if (journal_matches(record, filter) && !visit(context, record))
            return;
    }
}

/* ---- JSON ---- */

static void put_text(json_t *into, const char *name, const char *text)
{
    if (*text)
        json_object_set_new(into, name, decision_text_json(span_of_text(text)));
}

static void put_decision(json_t *into, const struct journal_record *record, void *verdict,
    const struct decision_subject *subject)
{
    enum hook hook = record->hook;
    struct decided decided = read_decided(record->body, hook, verdict);
    put_text(into, "hook", record->name);
    json_object_set_new(into, "view", decision_view_json(decided.view, hook, subject));
    if (!decided.err) {
        json_object_set_new(into, "verdict", decision_verdict_json(hook, verdict));
        put_text(into, "reason", decision_reason(hook, verdict));
        if (decision_is_idle(hook, verdict))
            json_object_set_new(into, "nobody", json_true());
    }
    put_text(into, "rule", policy_rule_name((enum policy_rule)decided.rule));
    put_text(into, "policy", decided.name);
    put_text(into, "hash", decided.hash);
    json_object_set_new(into, "generation", json_integer(decided.generation));
    put_text(into, "failure", decided.failure);
    json_object_set_new(into, "microseconds", json_real((double)decided.time_ns / 1000));
}

static json_t *record_json(const struct journal_record *record)
{
    json_t *into = json_object();
    json_object_set_new(into, "number", json_integer((json_int_t)record->number));
    json_object_set_new(into, "time", json_real((double)record->wall_ms / 1000));
    return into;
}

json_t *journal_json(const struct journal_record *record, const struct journal_filter *filter)
{
    struct subject_texts texts;
    struct decision_subject subject = {0};
    json_t *into = record_json(record);
    if (!into || !record->is_decision) {
        if (into)
            happening_put_json(into, record->name, record->body);
        return into;
    }
    void *verdict = malloc(schema_hooks[record->hook].verdict.size);
    if (!verdict) {
        json_decref(into);
        return NULL;
    }
    if (filter)
        subject = subject_of(filter, &texts);
    put_decision(into, record, verdict, subject.id || subject.ip ? &subject : NULL);
    free(verdict);
    return into;
}
