/* What the node does and why: explain, events, metrics. */
#include "app/book/book_wanted.h"
#include "app/control/control_inside.h"
#include "app/metrics/metrics.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- who is meant ---- */

/* Whom a text names, connected or not. */
struct subject {
    bool has_id, has_ip;
    struct peer_id id;
    struct ip ip;
};

struct prefix_search {
    const char *text;
    size_t text_n;
    unsigned found; /* different IDs */
    struct peer_id id;
};

static void try_id(struct prefix_search *search, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    if (strncasecmp(search->text, peer_id_text(id, text), search->text_n) != 0 ||
        (search->found > 0 && peer_id_equal(&search->id, id)))
        return;
    search->found++;
    search->id = *id;
}

static void try_peer(void *context, const struct node_peer *peer)
{
    try_id(context, &peer->id);
}

static void search_all(const struct node *node, struct prefix_search *search)
{
    const struct book *book = node_book(node);
    const struct bans *bans = book_bans(book);
    const struct book_entry *entry;
    uint32_t cursor = 0;
    node_peers(node, try_peer, search);
    while ((entry = book_next(book, &cursor)) != NULL)
        try_id(search, &entry->addr.id);
    for (uint32_t i = 0; i < bans_count(bans); i++)
        if (bans_at(bans, i)->target.kind != BAN_CIDR)
            try_id(search, &bans_at(bans, i)->target.id);
}

/* False: refused. */
static bool find_subject(const struct controller *controller, struct control_request *request,
    const char *text, struct subject *subject)
{
    struct addr_text at;
    *subject = (struct subject){0};
    subject->has_id = peer_id_parse(span_of_text(text), &subject->id) == ERR_OK;
    subject->has_ip = ip_parse(span_of_text(text), &subject->ip) == ERR_OK;
    if (subject->has_id || subject->has_ip)
        return true;
    if (addr_text_parse_listen(span_of_text(text), false, &at, NULL) == ERR_OK && !at.is_name) {
        subject->has_ip = true;
        subject->ip = at.ip;
        return true;
    }
    struct prefix_search search = {.text = text, .text_n = strlen(text)};
    if (search.text_n >= BOOK_PREFIX_MIN)
        search_all(control_node(controller), &search);
    if (search.found == 1) {
        subject->has_id = true;
        subject->id = search.id;
        return true;
    }
    control_refuse(request, CONTROL_REFUSED,
        search.found > 1 ? "%s is the beginning of several IDs; give more of it"
                         : "nobody is known as %s; give the whole ID, an IP or IP:port",
        text);
    return false;
}

/* ---- records ---- */

/* Collects the newest records, up to a number; then they are told oldest first. Changes of the
 * policy between those of a peer do not take their places: of them there may be as many. */
struct collecting {
    const struct journal_filter *filter;
    const char *kind; /* pattern of names; NULL: all */
    size_t max, n, changes_n, left_out;
    json_t **records;
};

static bool is_change(const struct collecting *collecting, const struct journal_record *record)
{
    return collecting->filter->with_policy && !record->is_decision &&
        happening_is_of_policy(record->happening);
}

static bool collect(void *context, const struct journal_record *record)
{
    struct collecting *collecting = context;
    if (collecting->kind && fnmatch(collecting->kind, record->name, 0) != 0)
        return true;
    bool changes = is_change(collecting, record);
    if (changes && collecting->changes_n == collecting->max)
        return true;
    if (!changes && collecting->n - collecting->changes_n == collecting->max) {
        collecting->left_out++;
        return collecting->filter->after > 0; /* a follower is told how many it missed */
    }
    json_t *json = journal_json(record, collecting->filter);
    if (json) {
        collecting->records[collecting->n++] = json;
        collecting->changes_n += changes;
    }
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

static void put_ban(
    json_t *into, const struct controller *controller, const struct subject *subject)
{
    const struct bans *bans = book_bans(node_book(control_node(controller)));
    struct now now = control_now(controller);
    const struct ban *ban = subject->has_id ? bans_by_id(bans, now, &subject->id) : NULL;
    if (!ban && subject->has_ip)
        ban = bans_by_ip(bans, now, &subject->ip);
    char target[ADDR_TEXT_MAX], text[256] = "";
    if (ban)
        snprintf(text, sizeof text, "%s: %s, for %lld s more",
            ban_target_text(&ban->target, target), ban->reason,
            (long long)((ban->until_ms - now.wall_ms) / 1000));
    json_object_set_new(into, "banned", report_text(text));
}

struct connection_search {
    const struct subject *subject;
    const char *direction;
};

static void find_connection(void *context, const struct node_peer *peer)
{
    struct connection_search *search = context;
    const struct subject *subject = search->subject;
    if ((subject->has_id && peer_id_equal(&peer->id, &subject->id)) ||
        (subject->has_ip && ip_equal(&peer->remote.ip, &subject->ip)))
        search->direction = peer->outbound ? "outbound" : "inbound";
}

static json_t *subject_json(const struct controller *controller, struct subject *subject)
{
    const struct node *node = control_node(controller);
    const struct book_entry *entry =
        subject->has_id ? book_find(node_book(node), &subject->id) : NULL;
    struct connection_search search = {subject, "no"};
    char ip[IP_TEXT_MAX];
    node_peers(node, find_connection, &search);
    json_t *json = json_object();
    if (subject->has_id)
        json_object_set_new(json, "id", control_id(&subject->id));
    if (entry && !subject->has_ip) { /* what befell its address concerns it too */
        subject->has_ip = true;
        subject->ip = entry->addr.at.ip;
    }
    if (subject->has_ip)
        json_object_set_new(json, "ip", json_string(ip_text(&subject->ip, ip)));
    json_object_set_new(json, "connected", json_string(search.direction));
    json_object_set_new(json, "in_book",
        json_string(!entry                ? "no"
                : entry->side == BOOK_OLD ? "old"
                                          : "new"));
    put_ban(json, controller, subject);
    return json;
}

void control_explain(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct subject subject;
    if (!find_subject(controller, request, control_text(request, "peer"), &subject))
        return;
    json_t *json = subject_json(controller, &subject);
    const struct journal_filter filter = {
        .id = subject.has_id ? &subject.id : NULL,
        .ip = subject.has_ip ? &subject.ip : NULL,
        .no_events = control_flag(request, "decisions"),
        .with_policy = true,
    };
    struct collecting found = {.filter = &filter, .max = (size_t)control_number(request, "limit")};
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

/* "kind=dial*,peer=0011" into a pattern and a subject; false: refused. */
static bool read_filter(const struct controller *controller, struct control_request *request,
    char text[FILTER_MAX], const char **kind, struct subject *subject)
{
    char *rest = text, *part;
    *subject = (struct subject){0};
    *kind = NULL;
    while ((part = strsep(&rest, ",")) != NULL && *part) {
        char *value = strchr(part, '=');
        if (value && strncmp(part, "kind=", 5) == 0)
            *kind = value + 1;
        else if (value && strncmp(part, "peer=", 5) == 0) {
            if (!find_subject(controller, request, value + 1, subject))
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

/* The number of the newest record of all and how many were left out, then a line for each record,
 * oldest first. */
static char *lines_of(const struct controller *controller, const struct collecting *found)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return NULL;
    uint64_t last = 0;
    const struct journal_filter all = {0};
    journal_query(controller->runner->journal, &all, take_number, &last);
    fprintf(out, "%" PRIu64 " %zu\n", last, found->filter->after > 0 ? found->left_out : 0);
    for (size_t i = found->n; i-- > 0;) {
        json_dumpf(found->records[i], out, JSON_COMPACT | JSON_REAL_PRECISION(13));
        fputc('\n', out);
    }
    return fclose(out) == 0 ? text : NULL;
}

/* For lua/ops/server.lua alone, which makes answers and notifications of the lines. */
void control_event_lines(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    char filter_text[FILTER_MAX];
    struct subject subject;
    const char *given = control_text(request, "filter"), *kind;
    snprintf(filter_text, sizeof filter_text, "%s", given ? given : "");
    if (!read_filter(controller, request, filter_text, &kind, &subject))
        return;
    const struct journal_filter filter = {
        .id = subject.has_id ? &subject.id : NULL,
        .ip = subject.has_ip ? &subject.ip : NULL,
        .after = (uint64_t)control_number(request, "after"),
        .no_decisions = !control_flag(request, "decisions"),
    };
    struct collecting found = {
        .filter = &filter, .kind = kind, .max = (size_t)control_number(request, "limit")};
    char *text = query(controller, &found) ? lines_of(controller, &found) : NULL;
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
