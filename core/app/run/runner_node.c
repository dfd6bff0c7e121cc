#include "app/run/runner.h"

#include "app/home/tags_file.h"
#include "app/settings/settings_parts.h"
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

enum err runner_node_settings(struct runner *runner, struct node_settings *made, char *why)
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
