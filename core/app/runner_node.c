#include "app/runner.h"

#include "app/settings_parts.h"

static void add_own(struct node_settings *made, const struct endpoint *at)
{
    if (at->port != 0)
        made->own_addresses[made->own_addresses_n++] = (struct addr){made->id, *at};
}

struct node_settings runner_node_settings(const struct runner *runner)
{
    struct node_settings made = node_settings_default();
    made.id = runner->options.key->id;
    struct endpoint listen = host_listen_endpoint(runner->host);
    add_own(&made, &listen);
    add_own(&made, &runner->external);
    settings_of_node(runner->options.settings, &made);
    if (!runner->store_path)
        made.book_store_interval_ms = 0;
    made.rng_seed = runner->options.rng_seed;
    made.log = runner->options.log;
    return made;
}
