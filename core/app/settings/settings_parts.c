#include "app/settings/settings_parts.h"

#include "uv/listener.h"

static void node_lists(const struct settings *settings, struct node_settings *node)
{
    node->seeds = settings->p2p.seeds.items;
    node->seeds_n = settings->p2p.seeds.n;
    node->persistent_peers = settings->p2p.persistent_peers.items;
    node->persistent_peers_n = settings->p2p.persistent_peers.n;
    node->unconditional_ids = settings->p2p.unconditional_peer_ids.items;
    node->unconditional_ids_n = settings->p2p.unconditional_peer_ids.n;
    node->private_ids = settings->p2p.private_peer_ids.items;
    node->private_ids_n = settings->p2p.private_peer_ids.n;
}

static void node_exchange(const struct settings *settings, struct node_settings *node)
{
    node->ensure_peers_period_ms = settings->pex.ensure_peers_period_ms;
    node->first_round_delay_max_ms = settings->pex.first_round_delay_max_ms;
    node->request_interval_min_ms = settings->pex.min_request_interval_ms;
    node->ip_answers_burst = (uint32_t)settings->pex.ip_answers_burst;
    node->ip_answers_per_s = (double)settings->pex.ip_answers_per_s;
    node->own_request_spacing_ms = settings->pex.own_request_spacing_ms;
    node->request_timeout_ms = settings->pex.request_timeout_ms;
    node->late_list_grace_ms = settings->pex.late_list_grace_ms;
    node->request_retry_ms = settings->pex.request_retry_ms;
    node->source_hourly_max = (uint32_t)settings->pex.source_hourly_max;
    node->source_dead_step = (uint32_t)settings->pex.source_dead_step;
    node->good_after_ms = settings->pex.good_after_ms;
    node->good_after_list_ms = settings->pex.good_after_list_ms;
    node->good_again_ms = settings->pex.good_again_ms;
    node->record_lifetime_ms = settings->pex.record_lifetime_ms;
    node->book_store_interval_ms = settings->pex.book_store_interval_ms;
    node->book_save_interval_ms = settings->pex.book_save_interval_ms;
}

static void node_dialing(const struct settings *settings, struct node_settings *node)
{
    node->max_outbound = (uint32_t)settings->p2p.max_num_outbound_peers;
    node->dial_concurrency = (uint32_t)settings->pex.dial_concurrency;
    node->dial_rate = (uint32_t)settings->pex.dial_rate;
    node->range_dial_concurrency = (uint32_t)settings->pex.range_dial_concurrency;
    node->range_dial_rate = (uint32_t)settings->pex.range_dial_rate;
    node->own_trouble_wait_ms = settings->pex.own_trouble_wait_ms;
    node->wrong_id_block_ms = settings->pex.wrong_id_block_ms;
    node->other_network_block_ms = settings->pex.other_network_block_ms;
    node->configured_dial_delay_max_ms = settings->pex.startup_spread_ms;
    node->persistent_max_dial_period_ms = settings->p2p.persistent_peers_max_dial_period_ms;
    node->reconnect_tries = (uint32_t)settings->pex.reconnect_tries;
    node->reconnect_interval_ms = settings->pex.reconnect_interval_ms;
    node->reconnect_jitter_ms = settings->pex.reconnect_jitter_ms;
    node->reconnect_factor = (uint32_t)settings->pex.reconnect_factor;
    node->reconnect_max_ms = settings->pex.reconnect_max_ms;
    node->alone_rounds = (uint32_t)settings->pex.alone_rounds;
    node->seed_retry_ms = settings->pex.seed_retry_ms;
    node->lookup_retry_min_ms = settings->pex.lookup_retry_min_ms;
    node->lookup_retry_max_ms = settings->pex.lookup_retry_max_ms;
}

static void node_seed_mode(const struct settings *settings, struct node_settings *node)
{
    node->seed_mode = settings->p2p.seed_mode;
    node->crawl_period_ms = settings->pex.crawl_period_ms;
    node->recrawl_interval_ms = settings->pex.recrawl_interval_ms;
    node->crawl_concurrency = (uint32_t)settings->pex.crawl_concurrency;
    node->crawl_outbound_max = (uint32_t)settings->pex.crawl_outbound_max;
    node->crawl_hold_after_list_ms = settings->pex.crawl_hold_after_list_ms;
    node->crawl_hold_without_list_ms = settings->pex.crawl_hold_without_list_ms;
    node->seed_idle_ms = settings->pex.seed_idle_ms;
    node->seed_disconnect_wait_ms = settings->pex.seed_disconnect_wait_ms;
    node->seed_flush_ms = settings->pex.seed_flush_ms;
    node->seed_new_percent = (double)settings->pex.seed_new_share;
}

void settings_of_node(const struct settings *settings, struct node_settings *node)
{
    node_lists(settings, node);
    node->pex = settings->p2p.pex;
    node->strict = settings->p2p.addr_book_strict;
    node->allow_duplicate_ip = settings->p2p.allow_duplicate_ip;
    node->max_inbound = (uint32_t)settings->p2p.max_num_inbound_peers;
    /* the host makes room before that, but only after a batch of newcomers has been judged */
    node->max_handshaking = (uint32_t)settings->pex.max_handshaking + LISTENER_BATCH;
    node->max_inbound_per_ip = (uint32_t)settings->pex.max_inbound_per_ip;
    node->max_inbound_per_group = (uint32_t)settings->pex.max_inbound_per_group;
    node_exchange(settings, node);
    node_dialing(settings, node);
    node_seed_mode(settings, node);
}

void settings_of_book(const struct settings *settings, struct book_settings *book)
{
    book->strict = settings->p2p.addr_book_strict;
    book->need_more = (uint32_t)settings->pex.need_more_addresses;
    book->selection_percent = (uint32_t)settings->pex.answer_share;
    book->selection_min = (uint32_t)settings->pex.answer_min;
    book->selection_max = (uint32_t)settings->pex.answer_max;
    book->bad_grace_ms = settings->pex.bad_grace_ms;
    book->bad_unseen_ms = settings->pex.bad_unseen_ms;
    book->bad_retries = (uint32_t)settings->pex.bad_retries;
    book->bad_failures = (uint32_t)settings->pex.bad_failures;
    book->bad_success_ms = settings->pex.bad_success_ms;
    book->new_buckets = (uint32_t)settings->pex.new_buckets;
    book->new_bucket_size = (uint32_t)settings->pex.new_bucket_size;
    book->new_buckets_per_group = (uint32_t)settings->pex.new_buckets_per_group;
    book->old_buckets = (uint32_t)settings->pex.old_buckets;
    book->old_bucket_size = (uint32_t)settings->pex.old_bucket_size;
    book->old_buckets_per_group = (uint32_t)settings->pex.old_buckets_per_group;
    book->duplicate_factor = (uint32_t)settings->pex.duplicate_factor;
    book->bans_max = (uint32_t)settings->pex.bans_max;
}

void settings_of_host(const struct settings *settings, struct host_settings *host)
{
    struct link_settings *link = &host->link;
    for (size_t i = 0; i < link->channels_n; i++)
        link->channels[i].queue_max = (uint16_t)settings->pex.send_queue;
    link->handshake_timeout_ms = settings->p2p.handshake_timeout_ms;
    link->flush_throttle_ms = settings->p2p.flush_throttle_timeout_ms;
    link->payload_max = (uint32_t)settings->p2p.max_packet_msg_payload_size;
    link->send_rate = settings->p2p.send_rate;
    link->recv_rate = settings->p2p.recv_rate;
    link->ping_interval_ms = settings->pex.ping_interval_ms;
    link->pong_timeout_ms = settings->pex.pong_timeout_ms;
    link->send_timeout_ms = settings->pex.send_timeout_ms;
    host->max_handshaking = (uint32_t)settings->pex.max_handshaking;
    host->dial_timeout_ms = settings->p2p.dial_timeout_ms;
}
