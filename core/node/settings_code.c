#include "addr/code.h"
#include "node/snapshot.h"
#include <assert.h>

/* A field more or less, and this file must know it; for what is written in another way see
 * trace/format.h. */
#if UINTPTR_MAX == UINT64_MAX
static_assert(sizeof(struct node_settings) == 800, "code_settings");
#endif

static void code_own_addresses(struct codec *codec, struct node_settings *s)
{
    s->own_addresses_n = code_count(codec, (uint32_t)s->own_addresses_n, OWN_ADDRESSES_MAX);
    for (size_t i = 0; i < s->own_addresses_n; i++)
        code_addr(codec, &s->own_addresses[i]);
}

static void code_flags_and_counts(struct codec *codec, struct node_settings *s)
{
    bool *const flags[] = {&s->pex, &s->seed_mode, &s->strict, &s->allow_duplicate_ip};
    uint32_t *const counts[] = {&s->max_inbound, &s->max_outbound, &s->max_handshaking,
        &s->max_inbound_per_ip, &s->max_inbound_per_group, &s->ip_answers_burst,
        &s->crawl_concurrency, &s->crawl_outbound_max, &s->dial_concurrency, &s->dial_rate,
        &s->range_dial_concurrency, &s->range_dial_rate, &s->source_hourly_max,
        &s->source_dead_step, &s->alone_rounds, &s->reconnect_tries, &s->reconnect_factor};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        code_bool(codec, flags[i]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        code_u32(codec, counts[i]);
    code_double(codec, &s->ip_answers_per_s);
    code_double(codec, &s->seed_new_percent);
}

static void code_times(struct codec *codec, struct node_settings *s)
{
    int64_t *const times[] = {&s->persistent_max_dial_period_ms, &s->ensure_peers_period_ms,
        &s->request_interval_min_ms, &s->own_request_spacing_ms, &s->seed_disconnect_wait_ms,
        &s->crawl_period_ms, &s->own_trouble_wait_ms, &s->wrong_id_block_ms,
        &s->other_network_block_ms, &s->request_timeout_ms, &s->late_list_grace_ms,
        &s->request_retry_ms, &s->seed_flush_ms, &s->good_after_ms, &s->good_after_list_ms,
        &s->good_again_ms, &s->recrawl_interval_ms, &s->crawl_hold_after_list_ms,
        &s->crawl_hold_without_list_ms, &s->seed_idle_ms, &s->record_lifetime_ms,
        &s->first_round_delay_max_ms, &s->seed_retry_ms, &s->lookup_retry_min_ms,
        &s->lookup_retry_max_ms, &s->reconnect_interval_ms, &s->reconnect_jitter_ms,
        &s->reconnect_max_ms, &s->book_store_interval_ms, &s->book_save_interval_ms,
        &s->configured_dial_delay_max_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        code_time(codec, times[i]);
        if (codec->reading && (*times[i] < 0 || *times[i] == NEVER_MS))
            codec_refuse(codec);
    }
}

void node_settings_code(struct codec *codec, struct node_settings *s)
{
    code_peer_id(codec, &s->id);
    code_own_addresses(codec, s);
    code_flags_and_counts(codec, s);
    code_times(codec, s);
    code_u64(codec, &s->rng_seed);
    if (codec->reading &&
        (s->ensure_peers_period_ms == 0 || s->crawl_period_ms == 0 ||
            s->book_save_interval_ms == 0))
        codec_refuse(codec);
}
