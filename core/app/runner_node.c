#include "app/runner.h"

static void add_own(struct node_settings *made, const struct endpoint *at)
{
    if (at->port != 0)
        made->own_addresses[made->own_addresses_n++] = (struct addr){made->id, *at};
}

struct node_settings runner_node_settings(const struct runner *runner)
{
    const struct settings *settings = runner->options.settings;
    struct node_settings made = node_settings_default();
    made.id = runner->options.key->id;
    struct endpoint listen = host_listen_endpoint(runner->host);
    add_own(&made, &listen);
    add_own(&made, &runner->external);
    made.seeds = settings->p2p.seeds.items;
    made.seeds_n = settings->p2p.seeds.n;
    made.persistent_peers = settings->p2p.persistent_peers.items;
    made.persistent_peers_n = settings->p2p.persistent_peers.n;
    made.unconditional_ids = settings->p2p.unconditional_peer_ids.items;
    made.unconditional_ids_n = settings->p2p.unconditional_peer_ids.n;
    made.private_ids = settings->p2p.private_peer_ids.items;
    made.private_ids_n = settings->p2p.private_peer_ids.n;
    made.pex = settings->p2p.pex;
    made.seed_mode = settings->p2p.seed_mode;
    made.strict = settings->p2p.addr_book_strict;
    made.allow_duplicate_ip = settings->p2p.allow_duplicate_ip;
    made.max_inbound = (uint32_t)settings->p2p.max_num_inbound_peers;
    made.max_outbound = (uint32_t)settings->p2p.max_num_outbound_peers;
    made.max_handshaking = (uint32_t)settings->pex.max_handshaking;
    made.max_inbound_per_ip = (uint32_t)settings->pex.max_inbound_per_ip;
    made.max_inbound_per_group = (uint32_t)settings->pex.max_inbound_per_group;
    made.persistent_max_dial_period_ms = settings->p2p.persistent_peers_max_dial_period_ms;
    made.ensure_peers_period_ms = settings->pex.ensure_peers_period_ms;
    made.request_interval_min_ms = settings->pex.min_request_interval_ms;
    made.own_request_spacing_ms = settings->pex.own_request_spacing_ms;
    made.ip_answers_burst = (uint32_t)settings->pex.ip_answers_burst;
    made.ip_answers_per_s = (double)settings->pex.ip_answers_per_s;
    made.seed_disconnect_wait_ms = settings->pex.seed_disconnect_wait_ms;
    made.crawl_period_ms = settings->pex.crawl_period_ms;
    made.crawl_concurrency = (uint32_t)settings->pex.crawl_concurrency;
    made.crawl_outbound_max = (uint32_t)settings->pex.crawl_outbound_max;
    made.dial_concurrency = (uint32_t)settings->pex.dial_concurrency;
    made.dial_rate = (uint32_t)settings->pex.dial_rate;
    made.book_save_interval_ms = settings->pex.book_save_interval_ms;
    made.configured_dial_delay_max_ms = settings->pex.startup_spread_ms;
    if (!runner->store_path)
        made.book_store_interval_ms = 0;
    made.rng_seed = runner->options.rng_seed;
    made.log = runner->options.log;
    return made;
}
