/* The node as a whole: status, save, stop. */
#include "app/control/control_inside.h"

#include "script/script.h"
#include "script/shadow.h"
#include <unistd.h>

static json_t *peers_json(const struct controller *controller)
{
    const struct settings *settings = controller->runner->options.settings;
    struct node_counts counts = node_counts(control_node(controller));
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "outbound", (json_int_t)counts.outbound,
        "outbound_max", (json_int_t)settings->p2p.max_num_outbound_peers, "inbound",
        (json_int_t)counts.inbound, "inbound_max", (json_int_t)settings->p2p.max_num_inbound_peers,
        "dialing", (json_int_t)counts.dialing, "handshaking", (json_int_t)counts.handshaking);
}

static json_t *book_json(const struct controller *controller)
{
    const struct book *book = node_book(control_node(controller));
    return json_pack("{s:I, s:I, s:I, s:I}", "addresses", (json_int_t)book_count(book), "new",
        (json_int_t)book_count_side(book, BOOK_NEW), "old",
        (json_int_t)book_count_side(book, BOOK_OLD), "bans",
        (json_int_t)bans_count(book_bans(book)));
}

/* NULL: all of the book is stored, or soon will be. */
static json_t *not_stored_json(const struct controller *controller)
{
    const struct host_storing *storing = host_storing(controller->runner->host);
    if (storing->failing_since_ms == 0)
        return NULL;
    return json_pack("{s:f, s:o}", "since", (double)storing->failing_since_ms / 1000, "why",
        report_text(storing->why));
}

static json_t *policy_json(const struct controller *controller)
{
    struct script_stats stats;
    script_stats(controller->runner->script, &stats);
    uint64_t calls = 0, errors = 0;
    for (size_t i = 0; i < HOOK_COUNT; i++) {
        calls += stats.live[i].calls;
        errors += stats.live[i].errors;
    }
    json_t *json = json_pack("{s:o, s:I, s:s, s:I, s:I}", "name", report_text(stats.name),
        "version", (json_int_t)stats.version, "hash", stats.hash, "calls", (json_int_t)calls,
        "errors", (json_int_t)errors);
    const struct script_refusal *refusal = script_refused(controller->runner->script);
    char text[SCRIPT_ERROR_TEXT_MAX];
    if (refusal)
        json_object_set_new(json, "refused", report_text(script_error_text(&refusal->error, text)));
    struct shadow_stats shadow;
    if (script_shadow_stats(controller->runner->script, &shadow))
        json_object_set_new(json, "shadow",
            json_sprintf("%s v%lld %s", shadow.name, (long long)shadow.version, shadow.hash));
    return json;
}

static json_t *traffic_json(const struct controller *controller)
{
    struct node_counts counts = node_counts(control_node(controller));
    struct host_counts host = host_counts(controller->runner->host);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "bytes_in",
        (json_int_t)host.bytes_in, "bytes_out", (json_int_t)host.bytes_out, "requests_received",
        (json_int_t)counts.requests_received, "requests_sent", (json_int_t)counts.requests_sent,
        "lists_received", (json_int_t)counts.lists_received, "lists_sent",
        (json_int_t)host.lists_sent, "dials", (json_int_t)counts.dials, "dials_failed",
        (json_int_t)counts.dials_failed);
}

void control_status(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    const struct runner *runner = controller->runner;
    const struct settings *settings = runner->options.settings;
    char listen[ADDR_TEXT_MAX];
    struct endpoint at = runner_endpoint(runner);
    int64_t uptime_ms = control_now(controller).mono_ms - controller->started_ms;
    control_answer(request,
        json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:I, s:f, s:s, s:o, s:o, s:o, s:o*, s:o, s:o}",
            "id", runner->id_text, "moniker", report_text(settings->moniker), "network",
            report_text(runner->options.network), "role", settings->p2p.seed_mode ? "seed" : "node",
            "software", "luapex/" LUAPEX_VERSION, "home", report_text(settings->home), "pid",
            (json_int_t)getpid(), "uptime_s", (double)uptime_ms / 1000, "listen",
            endpoint_to_text(&at, listen), "external",
            report_text(settings->p2p.external_address.text), "peers", peers_json(controller),
            "book", book_json(controller), "not_stored", not_stored_json(controller), "policy",
            policy_json(controller), "traffic", traffic_json(controller)));
}

void control_save(void *context, struct control_request *request)
{
    struct node_command command = {.kind = COMMAND_SAVE};
    control_command(context, request, &command, "not saved", json_pack("{s:b}", "saving", 1), NULL);
}

/* The answer is written before anything is closed. */
void control_stop(void *context, struct control_request *request)
{
    struct controller *controller = context;
    control_answer(request, json_pack("{s:b}", "stopping", 1));
    runner_stop(controller->runner);
}
