#include "sim/sim.h"

#include "sim/conn.h"
#include "sim/network.h"
#include <assert.h>
#include <stdlib.h>

struct sim_settings sim_settings_default(void)
{
    return (struct sim_settings){
        .seed = 1,
        .start_wall_ms = INT64_C(1735689600000), /* 2025-01-01 */
        .rtt_min_ms = 10,
        .rtt_max_ms = 300,
        .dial_timeout_ms = SECONDS_MS(3),
        .handshake_timeout_ms = SECONDS_MS(20),
        .ping_interval_ms = SECONDS_MS(60),
        .pong_timeout_ms = SECONDS_MS(45),
        .flush_throttle_ms = 100,
        .send_timeout_ms = SECONDS_MS(10),
        .send_queue_max = 10,
        .lookup_ms = 50,
        .store_ms = 10,
    };
}

struct sim *sim_new(const struct sim_settings *settings)
{
    assert(settings->rtt_min_ms >= 0 && settings->rtt_max_ms >= settings->rtt_min_ms);
    assert(settings->pong_timeout_ms < settings->ping_interval_ms);
    assert(settings->rtt_max_ms < settings->pong_timeout_ms);
    struct sim *sim = need(calloc(1, sizeof *sim));
    sim->settings = *settings;
    rng_seed(&sim->rng, settings->seed);
    network_init(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    if (!sim)
        return;
    conn_free_all(sim);
    queue_free(sim);
    for (uint32_t i = 0; i < sim->machines_n; i++)
        machine_free(sim->machines[i]);
    network_free(sim);
    outbox_free(&sim->outbox);
    free(sim->machines);
    free(sim->observers);
    free(sim);
}

/* ---- machines ---- */

static const uint8_t pex_channels[] = {PEX_CHANNEL};

struct sim_machine sim_machine_default(void)
{
    return (struct sim_machine){
        .node = node_settings_default(),
        .book = book_settings_default(),
        .network = "sim",
        .moniker = "sim",
        .version = "luapex",
        .block_version = BLOCK_PROTOCOL,
    };
}

static const char *copy_text(const char *text)
{
    return copy_of(text, strlen(text) + 1);
}

static void copy_lists(struct node_settings *node)
{
    node->seeds = copy_of(node->seeds, node->seeds_n * sizeof *node->seeds);
    node->persistent_peers =
        copy_of(node->persistent_peers, node->persistent_peers_n * sizeof *node->persistent_peers);
    node->unconditional_ids = copy_of(
        node->unconditional_ids, node->unconditional_ids_n * sizeof *node->unconditional_ids);
    node->private_ids = copy_of(node->private_ids, node->private_ids_n * sizeof *node->private_ids);
}

static void copy_settings(struct machine *machine, const struct sim_machine *from)
{
    struct sim_machine *settings = &machine->settings;
    *settings = *from;
    copy_lists(&settings->node);
    settings->known = copy_of(from->known, from->known_n * sizeof *from->known);
    settings->network = copy_text(from->network);
    settings->moniker = copy_text(from->moniker);
    settings->version = copy_text(from->version);
    char at[ADDR_TEXT_MAX];
    settings->listen_addr =
        copy_text(from->listen_addr ? from->listen_addr : endpoint_to_text(&from->at, at));
    if (settings->node.own_addresses_n == 0)
        settings->node.own_addresses[settings->node.own_addresses_n++] =
            (struct addr){from->node.id, from->at};
}

static void make_info(struct machine *machine)
{
    const struct sim_machine *settings = &machine->settings;
    machine->info = (struct node_info){
        .p2p_version = P2P_PROTOCOL,
        .block_version = settings->block_version,
        .id = span_of_text(peer_id_text(&settings->node.id, machine->id_text)),
        .listen_addr = span_of_text(settings->listen_addr),
        .network = span_of_text(settings->network),
        .version = span_of_text(settings->version),
        .channels = span_of(pex_channels, settings->node.pex ? sizeof pex_channels : 0),
        .moniker = span_of_text(settings->moniker),
    };
}

uint32_t sim_add(struct sim *sim, const struct sim_machine *settings)
{
    if (sim->machines_n == sim->machines_cap) {
        sim->machines_cap = sim->machines_cap ? sim->machines_cap * 2 : 16;
        sim->machines = need(realloc(sim->machines, sim->machines_cap * sizeof *sim->machines));
    }
    struct machine *machine = need(calloc(1, sizeof *machine));
    *machine = (struct machine){.due = {.kind = DUE_MACHINE}, .sim = sim, .index = sim->machines_n};
    copy_settings(machine, settings);
    make_info(machine);
    map_init(&machine->by_number, sizeof(uint64_t), rng_next(&sim->rng));
    sim->machines[sim->machines_n++] = machine;
    network_add(sim, machine);
    return machine->index;
}

uint32_t sim_machines(const struct sim *sim)
{
    return sim->machines_n;
}

/* ---- the rest of sim.h that is short ---- */

struct now sim_now(const struct sim *sim)
{
    return (struct now){sim->now_ms, sim->settings.start_wall_ms + sim->now_ms};
}

struct rng *sim_rng(struct sim *sim)
{
    return &sim->rng;
}

void sim_observe(
    struct sim *sim, void (*observe)(void *context, const struct sim_step *step), void *context)
{
    sim->observers = need(realloc(sim->observers, (sim->observers_n + 1) * sizeof *sim->observers));
    sim->observers[sim->observers_n++] = (struct observer){observe, context};
}

uint64_t sim_log_hash(const struct sim *sim)
{
    return sim->log_hash;
}

struct sim_counts sim_counts(const struct sim *sim)
{
    return sim->counts;
}
