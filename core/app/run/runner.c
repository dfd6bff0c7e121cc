#include "app/run/runner_inside.h"

#include "app/book/book_store.h"
#include "app/settings/settings_parts.h"
#include "uv/sockaddr.h"
#include <stdio.h>
#include <stdlib.h>

#define SOFTWARE "luapex/" LUAPEX_VERSION

/* ---- addresses ---- */

enum err runner_locate(const struct listen_address *address, struct endpoint *at)
{
    if (address->at.is_name)
        return ERR_LOOKUP;
    *at = (struct endpoint){address->at.ip, address->at.port};
    return ERR_OK;
}

static enum err open_listener(struct runner *runner, char *why)
{
    const struct listen_address *laddr = &runner->options.settings->p2p.laddr;
    struct endpoint at;
    if (runner_locate(laddr, &at) != ERR_OK) {
        snprintf(why, RUNNER_WHY_MAX,
            "p2p.laddr: the name %s does not resolve; set an IP address of this machine",
            laddr->at.host);
        return ERR_LOOKUP;
    }
    const char *cause;
    enum err err = host_listen(runner->host, &at, &cause);
    if (err)
        snprintf(why, RUNNER_WHY_MAX, "p2p.laddr %s: %s", laddr->text, cause);
    return err;
}

/* wire.md 4.3: external_address if set, else laddr as it is written. */
static struct span announced_address(struct runner *runner)
{
    const struct settings *settings = runner->options.settings;
    if (*settings->p2p.external_address.text)
        return span_of_text(settings->p2p.external_address.text);
    if (settings->p2p.laddr.at.port != 0)
        return span_of_text(settings->p2p.laddr.text);
    struct endpoint at = host_listen_endpoint(runner->host);
    return span_of_text(endpoint_to_text(&at, runner->listen_text));
}

static void find_external(struct runner *runner)
{
    const struct listen_address *address = &runner->options.settings->p2p.external_address;
    struct endpoint listen = host_listen_endpoint(runner->host);
    if (!*address->text && !ip_is_valid(&listen.ip))
        log_write(&runner->options.log, LOG_INFO,
            "no external address is set, so no peer will remember us",
            LOG_TEXT("setting", "p2p.external_address"));
    if (*address->text)
        runner_locate(address, &runner->external); /* else peers learn the name, and we no own IP */
}

/* ---- host ---- */

static void aborted(void *context, const char *why)
{
    struct runner *runner = context;
    runner->aborted = why;
    runner_stop(runner);
}

static void answered(void *context, const struct node_answer *answer)
{
    struct runner *runner = context;
    if (runner->answered)
        runner->answered(runner->answered_context, answer);
}

static void fill_host_settings(struct runner *runner)
{
    const struct runner_options *options = &runner->options;
    const struct settings *settings = options->settings;
    struct host_settings *made = &runner->host_settings;
    *made = host_settings_default();
    settings_of_host(settings, made);
    struct link_settings *link = &made->link;
    link->key = options->key;
    link->own.id = span_of_text(peer_id_text(&options->key->id, runner->id_text));
    link->own.network = span_of_text(options->network);
    link->own.version = span_of_text(SOFTWARE);
    link->own.moniker = span_of_text(settings->moniker);
    if (!settings->p2p.pex) {
        link->own.channels = span_of(NULL, 0);
        link->channels_n = 0;
    }
    made->dial_from = options->dial_from;
    made->write_delay_ms = options->write_delay_ms;
    made->book_path = runner->book_path;
    made->store_path = runner->store_path;
    made->log = options->log;
    made->aborted = aborted;
    made->answered = answered;
    made->context = runner;
}

static enum err open_host(struct runner *runner, char *why)
{
    const struct runner_options *options = &runner->options;
    const struct settings *settings = options->settings;
    runner->book_path = settings_path(settings, settings->p2p.addr_book_file);
    if (!options->keeps_no_store)
        runner->store_path = settings_path(settings, BOOK_STORE_FILE);
    if (!runner->book_path || (!runner->store_path && !options->keeps_no_store))
        return ERR_NO_MEMORY;
    fill_host_settings(runner);
    runner->host = host_new(runner->options.workspace, &runner->host_settings);
    if (!runner->host)
        return ERR_NO_MEMORY;
    enum err err = open_listener(runner, why);
    if (!err)
        runner->host_settings.link.own.listen_addr = announced_address(runner);
    return err;
}

enum err runner_open(struct runner *runner, const struct runner_options *options, char *why)
{
    *runner = (struct runner){.options = *options};
    snprintf(why, RUNNER_WHY_MAX, "out of memory");
    enum err err = runner_open_policy(runner, why);
    if (!err)
        err = open_host(runner, why);
    if (!err)
        find_external(runner);
    return err ? err : runner_open_node(runner, why);
}

/* ---- running ---- */

static void on_turn(uv_prepare_t *turn)
{
    struct runner *runner = turn->data;
    runner_note_taken_back(runner);
    script_turn_begin(runner->script);
}

static void on_turn_closed(uv_handle_t *handle)
{
    struct runner *runner = handle->data;
    runner->is_stopped = true;
    runner->stopped(runner->stopped_context, runner);
}

static void on_state_closed(void *context)
{
    struct runner *runner = context;
    uv_close((uv_handle_t *)&runner->turn, on_turn_closed);
}

static void on_loader_closed(void *context)
{
    struct runner *runner = context;
    if (runner->state.is_open)
        policy_state_close(&runner->state, on_state_closed, runner);
    else
        on_state_closed(runner);
}

static void on_host_stopped(void *context)
{
    policy_loader_close(&((struct runner *)context)->loader);
}

enum err runner_start(struct runner *runner, void (*stopped)(void *context, struct runner *runner),
    void *context, char *why)
{
    runner->stopped = stopped;
    runner->stopped_context = context;
    runner->is_started = true;
    runner->loader.closed = on_loader_closed;
    uv_prepare_init(runner->options.workspace->loop, &runner->turn);
    runner->turn.data = runner;
    uv_prepare_start(&runner->turn, on_turn);
    if (runner->state.is_open)
        policy_state_start(&runner->state, runner->options.workspace->loop,
            runner->options.settings->pex.book_save_interval_ms);
    enum err err = host_start(runner->host, runner->node);
    if (err)
        snprintf(why, RUNNER_WHY_MAX, "the loop refuses the listening socket");
    return err;
}

void runner_stop(struct runner *runner)
{
    if (runner->is_started)
        host_stop(runner->host, on_host_stopped, runner);
}

void runner_command(struct runner *runner, const struct node_command *command)
{
    host_command(runner->host, command);
}

void runner_close(struct runner *runner)
{
    host_free(runner->host);
    tracing_close(&runner->tracing);
    node_free(runner->node);
    journal_free(runner->journal);
    policy_state_free(&runner->state);
    script_free(runner->script);
    free(runner->book_path);
    free(runner->store_path);
    free(runner->policy_path);
    tags_free(runner->tags);
    *runner = (struct runner){.is_stopped = runner->is_stopped};
}

struct endpoint runner_endpoint(const struct runner *runner)
{
    return host_listen_endpoint(runner->host);
}
