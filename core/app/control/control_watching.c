/* What the node does and why: explain, events, metrics. */
#include "app/control/control_subject.h"
#include "app/metrics/metrics.h"
#include "app/text/duration.h"
#include "policy/schema.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- records ---- */

/* Collects the newest records, up to a number; then they are told oldest first. Changes of the
 * policy between those of a peer do not take their places: of them there may be as many. */
struct collecting {
    const struct journal_filter *filter;
    const char *kind; /* pattern of names; NULL: all */
    bool folds; /* of decisions of a hook that took nobody only the newest, with their number */
    size_t max, n, changes_n, left_out;
    json_t **records;
    json_t *idle[HOOK_COUNT]; /* borrowed */
};

static bool is_change(const struct collecting *collecting, const struct journal_record *record)
{
    return collecting->filter->with_policy && !record->is_decision &&
        happening_is_of_policy(record->happening);
}

/* Whether the record went into a newer one like it. */
static bool fold(struct collecting *collecting, const struct journal_record *record)
{
    json_t *newer = collecting->idle[record->hook];
    if (!newer)
        return false;
    json_int_t times = json_integer_value(json_object_get(newer, "times"));
    json_object_set_new(newer, "times", json_integer(times + 1));
    json_object_set_new(newer, "since", json_real((double)record->wall_ms / 1000));
    return true;
}

static bool collect(void *context, const struct journal_record *record)
{
    struct collecting *collecting = context;
    if (collecting->kind && fnmatch(collecting->kind, record->name, 0) != 0)
        return true;
    bool is_idle = collecting->folds && journal_is_idle(record);
    if (is_idle && fold(collecting, record))
        return true;
    bool changes = is_change(collecting, record);
    if (changes && collecting->changes_n == collecting->max)
        return true;
    if (!changes && collecting->n - collecting->changes_n == collecting->max) {
        collecting->left_out++;
        return collecting->filter->after > 0; /* a follower is told how many it missed */
    }
    json_t *json = journal_json(record, collecting->filter);
    if (!json)
        return true;
    if (is_idle) {
        json_object_set_new(json, "times", json_integer(1));
        collecting->idle[record->hook] = json;
    }
    collecting->records[collecting->n++] = json;
    collecting->changes_n += changes;
    return true;
}

static void forget(struct collecting *collecting)
{
    for (size_t i = 0; i < collecting->n; i++)
        json_decref(collecting->records[i]);
    free(collecting->records);
}

static bool query(const struct controller *controller, struct collecting *collecting)
{
    collecting->records = calloc(2 * collecting->max + 1, sizeof(json_t *));
    if (collecting->records)
        journal_query(controller->runner->journal, collecting->filter, collect, collecting);
    return collecting->records != NULL;
}

/* ---- explain ---- */

#define HOUR_MS 3600000

/* What holds in spite of a ban of whom the configuration names. */
static const char *exemption(const char *role)
{
    if (!role)
        return "";
    return strcmp(role, "unconditional") == 0 ? "; may connect all the same: "
                                              : "; dialed all the same: ";
}

static const struct ban *ban_of(const struct controller *controller,
    const struct control_subject *subject, const struct book_entry *entry)
{
    const struct bans *bans = book_bans(node_book(control_node(controller)));
    struct now now = control_now(controller);
    const struct ban *ban = entry ? bans_by_addr(bans, now, &entry->addr) : NULL;
    if (!ban && subject->has_id)
        ban = bans_by_id(bans, now, &subject->id);
    if (!ban && subject->has_ip)
        ban = bans_by_ip(bans, now, &subject->ip);
    return ban;
}

static void put_ban(json_t *into, const struct controller *controller,
    const struct control_subject *subject, const struct book_entry *entry)
{
    const struct ban *ban = ban_of(controller, subject, entry);
    const char *role = control_subject_role(controller, subject);
    char target[ADDR_TEXT_MAX], left[DURATION_TEXT_MAX], text[512] = "";
    if (ban) {
        int64_t left_ms = ban->until_ms - control_now(controller).wall_ms;
        left_ms -= left_ms % (left_ms > HOUR_MS ? HOUR_MS / 60 : HOUR_MS / 3600);
        snprintf(text, sizeof text, "%s for %s more: %s%s%s", ban_target_text(&ban->target, target),
            duration_text(left_ms, left), ban->reason, exemption(role), role ? role : "");
    }
    json_object_set_new(into, "banned", report_text(text));
}

struct connection_search {
    const struct control_subject *subject;
    unsigned outbound, inbound;
    struct endpoint remote; /* of the last one */
};

static void find_connection(void *context, const struct node_peer *peer)
{
    struct connection_search *search = context;
    const struct control_subject *subject = search->subject;
    bool is_meant = subject->has_id ? peer_id_equal(&peer->id, &subject->id)
                                    : ip_equal(&peer->remote.ip, &subject->ip) &&
            (subject->port == 0 || subject->port == peer->remote.port);
    if (!is_meant)
        return;
    search->outbound += peer->outbound;
    search->inbound += !peer->outbound;
    search->remote = peer->remote;
}

/* "no", "inbound", or of several at one IP "1 outbound, 2 inbound" */
static json_t *connected_json(const struct connection_search *search)
{
    unsigned n = search->outbound + search->inbound;
    if (n > 1)
        return json_sprintf("%u outbound, %u inbound", search->outbound, search->inbound);
    return json_string(n == 0 ? "no" : search->outbound ? "outbound" : "inbound");
}

static json_t *in_book_json(size_t entries, const struct book_entry *entry)
{
    if (entries > 1)
        return json_sprintf("%zu addresses; book find lists them", entries);
    return json_string(entries == 0 ? "no" : entry->side == BOOK_OLD ? "old" : "new");
}

/* What befell the IP before an ID was proven concerns the ID too. */
static void find_ip(const struct controller *controller, struct control_subject *subject,
    const struct book_entry *entry, const struct connection_search *search)
{
    bool is_connected = search->outbound + search->inbound > 0;
    subject->has_ip = entry || is_connected;
    if (subject->has_ip)
        subject->ip = entry ? entry->addr.at.ip : search->remote.ip;
    else
        subject->has_ip = control_subject_configured_ip(controller, &subject->id, &subject->ip);
}

/* Adds to the subject the IP that is known. */
static json_t *subject_json(const struct controller *controller, struct control_subject *subject)
{
    const struct book_entry *entry = NULL;
    size_t entries = control_subject_entries(controller, subject, &entry);
    struct connection_search search = {.subject = subject};
    char at[ADDR_TEXT_MAX];
    node_peers(control_node(controller), find_connection, &search);
    json_t *json = json_object();
    if (subject->has_id)
        json_object_set_new(json, "id", control_id(&subject->id));
    if (!subject->has_ip)
        find_ip(controller, subject, entry, &search);
    const struct endpoint place = {subject->ip, subject->port};
    if (subject->has_ip)
        json_object_set_new(json, "ip", json_string(ip_text(&subject->ip, at)));
    if (subject->port)
        json_object_set_new(json, "address", json_string(endpoint_to_text(&place, at)));
    json_object_set_new(json, "connected", connected_json(&search));
    json_object_set_new(json, "in_book", in_book_json(entries, entry));
    put_ban(json, controller, subject, entries == 1 ? entry : NULL);
    return json;
}

/* False: refused. */
static bool read_other(const struct controller *controller, struct control_request *request,
    struct control_subject *subject)
{
    if (!control_read_subject(controller, request, "peer", control_text(request, "peer"), subject))
        return false;
    bool is_ourselves =
        subject->has_id && peer_id_equal(&subject->id, &controller->runner->options.key->id);
    if (is_ourselves)
        control_refuse(request, CONTROL_REFUSED, "that is this node itself; see luapex ctl status");
    return !is_ourselves;
}

void control_explain(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct control_subject subject;
    if (!read_other(controller, request, &subject))
        return;
    json_t *json = subject_json(controller, &subject);
    const struct journal_filter filter = {
        .id = subject.has_id ? &subject.id : NULL,
        .ip = subject.has_ip ? &subject.ip : NULL,
        .port = subject.port,
        .no_events = control_flag(request, "decisions"),
        .with_policy = true,
    };
    struct collecting found = {
        .filter = &filter, .folds = true, .max = (size_t)control_number(request, "limit")};
    json_t *records = json_array();
    if (query(controller, &found))
        for (size_t i = found.n; i-- > 0;)
            json_array_append(records, found.records[i]);
    forget(&found);
    json_object_set_new(json, "records", records);
    control_answer(request, json);
}

/* ---- events ---- */

#define FILTER_MAX 256

static bool names_event(const char *pattern)
{
    for (unsigned i = 0; i < HAPPENINGS; i++)
        if (fnmatch(pattern, happening_name((enum happening_kind)i), 0) == 0)
            return true;
    return false;
}

static bool names_hook(const char *pattern)
{
    for (unsigned i = 0; i < HOOK_COUNT; i++)
        if (fnmatch(pattern, schema_hooks[i].name, 0) == 0)
            return true;
    return false;
}

static void refuse_kind(struct control_request *request, const char *pattern)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    for (unsigned i = 0; out && i < HAPPENINGS; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "", happening_name((enum happening_kind)i));
    for (unsigned i = 0; out && i < HOOK_COUNT; i++)
        fprintf(out, "%s%s", i > 0 ? ", " : "; of decisions: ", schema_hooks[i].name);
    if (out && fclose(out) == 0)
        control_refuse(request, CONTROL_BAD_ARGUMENT,
            "no event or decision is of kind=%.60s; there are %s", pattern, text);
    else
        control_refuse(request, CONTROL_INTERNAL, "out of memory");
    free(text);
}

/* "kind=dial*,peer=0011" into a pattern and a subject; false: refused. */
static bool read_filter(const struct controller *controller, struct control_request *request,
    char text[FILTER_MAX], const char **kind, struct control_subject *subject)
{
    char *rest = text, *part;
    *subject = (struct control_subject){0};
    *kind = NULL;
    while ((part = strsep(&rest, ",")) != NULL && *part) {
        char *value = strchr(part, '=');
        if (value && strncmp(part, "kind=", 5) == 0) {
            *kind = value + 1;
            if (!names_event(*kind) && !names_hook(*kind)) {
                refuse_kind(request, *kind);
                return false;
            }
        } else if (value && strncmp(part, "peer=", 5) == 0) {
            if (!control_read_subject(controller, request, "filter", value + 1, subject))
                return false;
        } else {
            control_refuse_argument(
                request, "filter", "kind=PATTERN or peer=PEER, or both with a comma", part);
            return false;
        }
    }
    return true;
}

static bool take_number(void *context, const struct journal_record *record)
{
    *(uint64_t *)context = record->number;
    return false;
}

/* The number of the newest record of all, how many were left out and the filter, then a line for
 * each record, oldest first. */
static char *lines_of(
    const struct controller *controller, const struct collecting *found, const char *filter)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    uint64_t last = 0;
    const struct journal_filter all = {0};
    journal_query(controller->runner->journal, &all, take_number, &last);
    fprintf(
        out, "%" PRIu64 " %zu %s\n", last, found->filter->after > 0 ? found->left_out : 0, filter);
    for (size_t i = found->n; i-- > 0;) {
        json_dumpf(found->records[i], out, JSON_COMPACT | JSON_REAL_PRECISION(13));
        fputc('\n', out);
    }
    return fclose(out) == 0 ? text : NULL;
}

/* The filter with a whole ID, which means the same peer for ever. */
static void write_filter(char out[FILTER_MAX], const char *given, const char *kind,
    const struct control_subject *subject)
{
    char id[PEER_ID_TEXT + 1];
    if (subject->has_id && !subject->has_ip)
        snprintf(out, FILTER_MAX, "%s%.100s%speer=%s", kind ? "kind=" : "", kind ? kind : "",
            kind ? "," : "", peer_id_text(&subject->id, id));
    else
        snprintf(out, FILTER_MAX, "%s", given ? given : "");
}

/* For lua/ops/server.lua alone, which makes answers and notifications of the lines. */
void control_event_lines(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    char filter_text[FILTER_MAX], whole[FILTER_MAX];
    struct control_subject subject;
    const char *given = control_text(request, "filter"), *kind;
    snprintf(filter_text, sizeof filter_text, "%s", given ? given : "");
    if (!read_filter(controller, request, filter_text, &kind, &subject))
        return;
    const struct journal_filter filter = {
        .id = subject.has_id ? &subject.id : NULL,
        .ip = subject.has_ip ? &subject.ip : NULL,
        .port = subject.port,
        .after = (uint64_t)control_number(request, "after"),
        .no_decisions = !control_flag(request, "decisions") && (!kind || names_event(kind)),
    };
    struct collecting found = {
        .filter = &filter, .kind = kind, .max = (size_t)control_number(request, "limit")};
    write_filter(whole, given, kind, &subject);
    char *text = query(controller, &found) ? lines_of(controller, &found, whole) : NULL;
    forget(&found);
    control_answer_text(request, text);
    free(text);
}

/* ---- metrics ---- */

void control_metrics(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    const struct runner *runner = controller->runner;
    const struct metrics_node node = {
        .namespace_ = runner->options.settings->instrumentation.namespace_,
        .network = runner->options.network,
        .id = runner->options.key->id,
        .node = runner->node,
        .host = runner->host,
        .script = runner->script,
        .now = control_now(controller),
    };
    struct text out = {0};
    char *metrics = NULL, *text = NULL;
    size_t n;
    if (metrics_text(&node, 1, &metrics, &n) == ERR_OK) {
        text_add_text(&out, "{\"text\":");
        report_add_text(&out, metrics);
        text_add_char(&out, '}');
        text_take(&out, &text, NULL);
    }
    free(metrics);
    control_answer_text(request, text);
    free(text);
}
