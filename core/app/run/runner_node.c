#include "app/run/runner_inside.h"

#include "app/book/book_file.h"
#include "app/book/book_store.h"
#include "app/home/tags_file.h"
#include "app/settings/settings_parts.h"
#include "book/rfc3339.h"
#include "uv/machine.h"
#include "uv/store.h"
#include <stdio.h>
#include <stdlib.h>

static void add_own(struct node_settings *made, const struct endpoint *at)
{
    if (at->port != 0)
        made->own_addresses[made->own_addresses_n++] = (struct addr){made->id, *at};
}

static enum err load_tags(struct runner *runner, char *why)
{
    const struct settings *settings = runner->options.settings;
    if (!*settings->policy.tags)
        return ERR_OK;
    char *path = settings_path(settings, settings->policy.tags);
    enum err err = path ? tags_file_load(path, &runner->tags, why, RUNNER_WHY_MAX) : ERR_NO_MEMORY;
    free(path);
    return err;
}

/* What it is made from, the file of tags included. */
static enum err make_settings(struct runner *runner, struct node_settings *made, char *why)
{
    struct endpoint listen = host_listen_endpoint(runner->host);
    *made = node_settings_default();
    made->id = runner->options.key->id;
    add_own(made, &listen);
    add_own(made, &runner->external);
    settings_of_node(runner->options.settings, made);
    if (!runner->store_path)
        made->book_store_interval_ms = 0;
    made->rng_seed = runner->options.rng_seed;
    made->log = runner->options.log;
    enum err err = load_tags(runner, why);
    made->tags = runner->tags;
    return err;
}

static enum err read_book(const struct runner *runner, struct book *book, char *why)
{
    const struct log *log = &runner->options.log;
    struct now now = machine_now(runner->options.workspace->loop);
    if (!runner->store_path)
        return book_file_load(runner->book_path, book, NULL, now, log, why, RUNNER_WHY_MAX);
    const struct book_store_paths paths = {runner->store_path, runner->book_path};
    struct store_file *file = NULL;
    enum err err = book_store_open(&paths, book, now, log, &file, why, RUNNER_WHY_MAX);
    host_use_store(runner->host, file);
    return err;
}

static enum err open_book(const struct runner *runner, struct book **book, char *why)
{
    enum err err = book_file_empty(runner->options.settings, book);
    if (err == ERR_IO)
        snprintf(why, RUNNER_WHY_MAX, "this machine gives no entropy");
    return err ? err : read_book(runner, *book, why);
}

/* The node asks the journal, which asks the trace, which asks the script. */
static enum err open_watchers(struct runner *runner, char *why)
{
    const struct runner_options *options = &runner->options;
    enum err err = tracing_open(&runner->tracing, options->settings, runner->script, runner->tags,
        &options->log, why, RUNNER_WHY_MAX);
    if (err)
        return err;
    struct policy *policy = tracing_policy(&runner->tracing, script_policy(runner->script));
    runner->journal = journal_new(policy, machine_clock_ns, NULL);
    return runner->journal ? ERR_OK : ERR_NO_MEMORY;
}

static enum err make_node(
    struct runner *runner, const struct node_settings *settings, struct book *book)
{
    struct now now = machine_now(runner->options.workspace->loop);
    runner->node = node_new(settings, book, journal_policy(runner->journal), now);
    if (!runner->node)
        return ERR_NO_MEMORY;
    tracing_start(&runner->tracing, runner->node);
    node_observe(runner->node, journal_observer(runner->journal));
    return ERR_OK;
}

enum err runner_open_node(struct runner *runner, char *why)
{
    struct book *book = NULL;
    struct node_settings made;
    enum err err = make_settings(runner, &made, why);
    if (!err)
        err = open_book(runner, &book, why);
    if (!err)
        err = open_watchers(runner, why);
    if (!err)
        err = make_node(runner, &made, book);
    if (err)
        book_free(book);
    return err;
}

bool runner_left_unstored(const struct runner *runner)
{
    const struct host_storing *storing = host_storing(runner->host);
    uint32_t addresses, bans;
    book_count_unsaved(node_book(runner->node), &addresses, &bans);
    if (storing->failing_since_ms == 0 || addresses + bans == 0)
        return false;
    char since[RFC3339_MAX], to_do[200];
    snprintf(to_do, sizeof to_do, "%s%s", store_advice(storing->why, true),
        bans > 0 ? ", then ban and unban again who was since" : "");
    log_write(&runner->options.log, LOG_ERROR, "not all of the book is stored",
        LOG_TEXT("file", runner->store_path), LOG_NUMBER("addresses", addresses),
        LOG_NUMBER("bans", bans), LOG_TEXT("since", rfc3339_text(storing->failing_since_ms, since)),
        LOG_TEXT("error", storing->why), LOG_TEXT("to_do", to_do));
    return true;
}
