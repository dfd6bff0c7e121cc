#include "app/demo/demo_cast.h"

#include "app/home/home.h"
#include "app/settings/settings_template.h"
#include "uv/machine.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int64_t demo_cast_age_ms(const struct demo_cast *cast)
{
    return machine_now(cast->loop).mono_ms - cast->started_ms;
}

/* ---- what happens, for people ---- */

static const char *name_of(const struct demo_cast *cast, const char *id_text)
{
    struct peer_id id;
    if (strlen(id_text) < PEER_ID_TEXT || peer_id_parse(span_of(id_text, PEER_ID_TEXT), &id))
        return id_text;
    for (unsigned i = 0; i < cast->n; i++)
        if (peer_id_equal(&cast->nodes[i].key.id, &id))
            return cast->nodes[i].name;
    return id_text;
}

/* "peer added peer=... direction=outbound" -> "peer added: node3, outbound" */
static void describe(const struct demo_cast *cast, const struct log_line *line, char *out)
{
    size_t n = (size_t)snprintf(out, DEMO_EVENT_MAX, "%s", line->event);
    for (unsigned i = 0; i < line->fields_n && n < DEMO_EVENT_MAX; i++) {
        const struct log_field *field = &line->fields[i];
        const char *comma = i == 0 ? ": " : ", ";
        if (!field->text)
            n += (size_t)snprintf(out + n, DEMO_EVENT_MAX - n, "%s%s %lld", comma, field->key,
                (long long)field->number);
        else if (strcmp(field->key, "version") != 0)
            n += (size_t)snprintf(
                out + n, DEMO_EVENT_MAX - n, "%s%s", comma, name_of(cast, field->text));
    }
}

static bool is_worth_telling(const struct log_line *line)
{
    static const char *const routine[] = {"ensure peers", "book saved", "crawl", "dialing seeds",
        "policy loaded", "policy not loaded", "policy refused"};
    for (size_t i = 0; i < sizeof routine / sizeof *routine; i++)
        if (strcmp(line->event, routine[i]) == 0)
            return false;
    return true;
}

static bool has_field(const struct log_line *line, const char *key, const char *text)
{
    for (unsigned i = 0; i < line->fields_n; i++)
        if (strcmp(line->fields[i].key, key) == 0 && line->fields[i].text &&
            strcmp(line->fields[i].text, text) == 0)
            return true;
    return false;
}

static void take_line(void *context, const struct log_line *line)
{
    struct demo_node *node = context;
    struct demo_cast *cast = node->cast;
    if (!is_worth_telling(line))
        return;
    if (node->outbound_after_ms < 0 && strcmp(line->event, "peer added") == 0 &&
        has_field(line, "direction", "outbound"))
        node->outbound_after_ms = demo_cast_age_ms(cast);
    describe(cast, line, node->last_event);
    cast->tell(cast->context, node->name, node->last_event);
}

/* ---- homes ---- */

static bool make_folders(const char *home)
{
    char config[160];
    snprintf(config, sizeof config, "%s/config", home);
    return mkdir(home, 0700) == 0 && mkdir(config, 0700) == 0;
}

static enum err make_key(struct demo_node *node, char *why)
{
    char path[160], cause[HOME_CAUSE_MAX];
    snprintf(path, sizeof path, "%s/config/node_key.json", node->home);
    enum err err = home_make_node_key(path, &node->key, cause);
    if (err)
        snprintf(why, RUNNER_WHY_MAX, "%s", cause);
    return err;
}

/* Short periods, so that there is something to see. */
static enum err write_config(struct demo_node *node, char *why)
{
    const struct demo_cast *cast = node->cast;
    bool is_seed = node == cast->nodes;
    char laddr[64], seeds[ADDR_TEXT_MAX] = "", outbound[24], path[160], trace[PATH_MAX] = "";
    if (cast->traces)
        snprintf(trace, sizeof trace, "%s/%s.trace", cast->traces, node->name);
    snprintf(laddr, sizeof laddr, "tcp://127.%u.0.1:0", (unsigned)(node - cast->nodes) + 1);
    snprintf(outbound, sizeof outbound, "%u", cast->target);
    if (!is_seed) {
        struct addr seed = {cast->nodes[0].key.id, runner_endpoint(&cast->nodes[0].runner)};
        addr_to_text(&seed, seeds);
    }
    const struct settings_override values[] = {
        {"moniker", node->name},
        {"p2p.laddr", laddr},
        {"p2p.seeds", seeds},
        {"p2p.addr_book_strict", "false"},
        {"p2p.seed_mode", is_seed ? "true" : "false"},
        {"p2p.max_num_outbound_peers", outbound},
        {"pex.network", DEMO_NETWORK},
        {"pex.ensure_peers_period", "2s"},
        {"pex.min_request_interval", "600ms"},
        {"pex.own_request_spacing", "1s"},
        {"pex.crawl_period", "3s"},
        {"pex.startup_spread", "500ms"},
        {"pex.ping_interval", "2s"},
        {"pex.pong_timeout", "1500ms"},
        {"pex.book_save_interval", "5s"},
        {"policy.file", cast->policy_path},
        {"trace.file", trace},
        {"trace.segment", "5s"},
    };
    snprintf(path, sizeof path, "%s/" SETTINGS_FILE, node->home);
    FILE *file = fopen(path, "wx");
    if (file)
        settings_template_write(file, values, sizeof values / sizeof *values);
    if (file && fclose(file) == 0)
        return ERR_OK;
    snprintf(why, RUNNER_WHY_MAX, "cannot write %s", path);
    return ERR_IO;
}

static enum err read_config(struct demo_node *node, char *why)
{
    struct settings_problems problems = {0};
    enum err err = settings_load(node->home, NULL, NULL, 0, &node->settings, &problems);
    for (unsigned i = 0; i < problems.n && err; i++)
        if (problems.items[i].is_error)
            settings_problem_text(&problems.items[i], why, RUNNER_WHY_MAX);
    return err;
}

/* ---- nodes ---- */

/* One node has loaded the policy, or not; the last one tells. */
static void on_reloaded(void *context, const char *why)
{
    struct demo_cast *cast = context;
    char event[RUNNER_WHY_MAX + 32];
    if (why)
        snprintf(cast->refused, sizeof cast->refused, "%s", why);
    if (++cast->reloaded_n < cast->n)
        return;
    bool is_loaded = !*cast->refused;
    if (is_loaded)
        cast->policy_loads++;
    else
        cast->policy_errors++;
    snprintf(
        event, sizeof event, is_loaded ? "policy loaded" : "policy not loaded: %s", cast->refused);
    for (unsigned i = 0; i < cast->n; i++)
        snprintf(cast->nodes[i].last_event, DEMO_EVENT_MAX, "%.*s", DEMO_EVENT_MAX - 1, event);
    cast->tell(cast->context, "all", event);
    cast->is_taken_back = false;
    memcpy(cast->trouble, cast->refused, sizeof cast->trouble);
    cast->reloaded_n = 0;
    *cast->refused = 0;
}

static void on_taken_back(void *context, const char *why)
{
    struct demo_node *node = context;
    struct demo_cast *cast = node->cast;
    char event[RUNNER_WHY_MAX + 32];
    cast->policy_takebacks++;
    cast->is_taken_back = true;
    snprintf(cast->trouble, sizeof cast->trouble, "%s", why);
    snprintf(event, sizeof event, "policy taken back: %s", why);
    snprintf(node->last_event, DEMO_EVENT_MAX, "%.*s", DEMO_EVENT_MAX - 1, event);
    cast->tell(cast->context, node->name, event);
}

static enum err open_node(struct demo_node *node, uint64_t rng_seed, char *why)
{
    struct demo_cast *cast = node->cast;
    if (!make_folders(node->home)) {
        snprintf(why, RUNNER_WHY_MAX, "cannot make %s", node->home);
        return ERR_IO;
    }
    enum err err = make_key(node, why);
    if (!err)
        err = write_config(node, why);
    if (!err)
        err = read_config(node, why);
    if (err)
        return err;
    const struct runner_options options = {
        .workspace = cast->workspace,
        .settings = &node->settings,
        .key = &node->key,
        .network = DEMO_NETWORK,
        .log = {.level = LOG_INFO, .write = take_line, .context = node},
        .rng_seed = rng_seed,
        .reloaded = on_reloaded,
        .reloaded_context = cast,
        .taken_back = on_taken_back,
        .taken_back_context = node,
        .dial_from = {node->settings.p2p.laddr.at.ip, 0},
        .keeps_no_store = true,
        .write_delay_ms = node->delay_ms,
    };
    node->is_open = true;
    return runner_open(&node->runner, &options, why);
}

static void init_node(struct demo_cast *cast, unsigned i, struct rng *rng)
{
    struct demo_node *node = &cast->nodes[i];
    node->cast = cast;
    if (i == 0)
        snprintf(node->name, sizeof node->name, "seed");
    else
        snprintf(node->name, sizeof node->name, "node%u", i % (DEMO_NODES_MAX + 1));
    snprintf(node->home, sizeof node->home, "%s/%s", cast->folder, node->name);
    uint64_t span = DEMO_DELAY_MAX_MS - DEMO_DELAY_MIN_MS + 1;
    node->delay_ms = DEMO_DELAY_MIN_MS + (int64_t)rng_below(rng, span);
    node->outbound_after_ms = node->peer_after_ms = node->target_after_ms = -1;
}

enum err demo_cast_open(struct demo_cast *cast, unsigned n, char *why)
{
    snprintf(why, RUNNER_WHY_MAX, "out of memory");
    cast->nodes = calloc(n + 1, sizeof *cast->nodes);
    if (!cast->nodes)
        return ERR_NO_MEMORY;
    cast->n = n + 1;
    struct rng rng;
    rng_seed(&rng, cast->seed);
    enum err err = ERR_OK;
    for (unsigned i = 0; i < cast->n && !err; i++) {
        init_node(cast, i, &rng);
        err = open_node(&cast->nodes[i], rng_next(&rng), why);
    }
    return err;
}

static void on_stopped(void *context, struct runner *runner)
{
    struct demo_cast *cast = context;
    for (unsigned i = 0; i < cast->n; i++)
        if (&cast->nodes[i].runner == runner)
            controller_close(&cast->nodes[i].controller);
    cast->stopped_n++;
    if (cast->stopped_n == cast->started_n)
        cast->ended(cast->context);
}

static void open_controller(struct demo_node *node)
{
    node->log_level = LOG_INFO;
    node->controller = (struct controller){.runner = &node->runner,
        .ops = node->cast->ops,
        .settings = &node->settings,
        .log_level = &node->log_level};
    controller_open(&node->controller);
}

enum err demo_cast_start(struct demo_cast *cast, char *why)
{
    cast->started_ms = machine_now(cast->loop).mono_ms;
    enum err err = ERR_OK;
    for (unsigned i = 0; i < cast->n && !err; i++) {
        cast->started_n++;
        err = runner_start(&cast->nodes[i].runner, on_stopped, cast, why);
        if (!err && cast->ops)
            open_controller(&cast->nodes[i]);
    }
    return err;
}

void demo_cast_reload(struct demo_cast *cast)
{
    for (unsigned i = 0; i < cast->n; i++)
        runner_reload_policy(&cast->nodes[i].runner);
}

void demo_cast_stop(struct demo_cast *cast)
{
    for (unsigned i = 0; i < cast->n; i++)
        runner_stop(&cast->nodes[i].runner);
}

void demo_cast_close(struct demo_cast *cast)
{
    for (unsigned i = 0; i < cast->n; i++) {
        struct demo_node *node = &cast->nodes[i];
        if (node->is_open)
            runner_close(&node->runner);
        settings_free(&node->settings);
        crypto_wipe(&node->key, sizeof node->key);
    }
    free(cast->nodes);
    cast->nodes = NULL;
    cast->n = 0;
}

/* ---- looking ---- */

struct sum {
    const struct peer_id *seed;
    unsigned peers, measured;
    int64_t rtt_ms;
};

static void add_peer(void *context, const struct node_peer *peer)
{
    struct sum *sum = context;
    sum->peers += !peer_id_equal(&peer->id, sum->seed);
    if (peer->rtt_ms < 0)
        return;
    sum->measured++;
    sum->rtt_ms += peer->rtt_ms;
}

struct demo_look demo_node_look(const struct demo_node *node)
{
    struct sum sum = {.seed = &node->cast->nodes[0].key.id};
    node_peers(node->runner.node, add_peer, &sum);
    return (struct demo_look){
        .counts = node_counts(node->runner.node),
        .peers = sum.peers,
        .known = book_count(node_book(node->runner.node)),
        .rtt_ms = sum.measured ? (int32_t)(sum.rtt_ms / sum.measured) : -1,
    };
}

void demo_cast_sample(struct demo_cast *cast)
{
    int64_t age_ms = demo_cast_age_ms(cast);
    for (unsigned i = 0; i < cast->n; i++) {
        struct demo_node *node = &cast->nodes[i];
        struct demo_look look = demo_node_look(node);
        if (node->peer_after_ms < 0 && look.peers > 0)
            node->peer_after_ms = age_ms;
        bool is_full = look.counts.outbound >= cast->target || look.peers == cast->n - 2;
        if (node->target_after_ms < 0 && is_full)
            node->target_after_ms = age_ms;
    }
}
