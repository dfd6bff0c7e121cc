/* One machine: power, disk, and the program that runs on it. */
#include "book/image.h"
#include "sim/conn.h"
#include "sim/log_hash.h"

#include <assert.h>
#include <stdlib.h>

struct now machine_time(const struct machine *machine)
{
    const struct sim *sim = machine->sim;
    return (struct now){
        .mono_ms = sim->now_ms,
        .wall_ms = sim->settings.start_wall_ms + sim->now_ms + machine->settings.clock_skew_ms,
    };
}

/* ---- steps ---- */

static void arm(struct machine *machine)
{
    struct sim *sim = machine->sim;
    const struct sim_actor *actor = &machine->settings.actor;
    int64_t at_ms = NEVER_MS;
    if (machine->node)
        at_ms = node_deadline(machine->node);
    else if (actor->step && actor->deadline)
        at_ms = actor->deadline(actor->self);
    if (at_ms <= sim->now_ms) /* one that stays in the past must not stop the clock */
        at_ms = sim->now_ms + 1;
    if (machine->due.item.place == 0 || machine->due.item.key != at_ms)
        queue_put(sim, &machine->due, at_ms);
}

static void store(struct machine *machine, struct action *action)
{
    char *image = action->export.image;
    size_t n = action->export.n;
    action->export.image = NULL; /* taken */
    const struct event stored = {.kind = EVENT_EXPORTED};
    if (machine->stopping)
        machine_stored(machine, image, n);
    else
        note_put(machine->sim, machine, machine->sim->settings.store_ms, &stored, image, n);
}

static void act(struct machine *machine, struct action *action)
{
    switch (action->kind) {
    case ACTION_DIAL:
        conn_dial(machine, action->conn, &action->dial.addr);
        break;
    case ACTION_ACCEPT:
        conn_accept(machine, action->conn);
        break;
    case ACTION_REFUSE:
        conn_close(machine, action->conn, 0);
        break;
    case ACTION_SEND:
        conn_send(machine, action->conn, &action->send);
        break;
    case ACTION_CLOSE:
        conn_close(machine, action->conn, action->close.flush_ms);
        break;
    case ACTION_RESOLVE:
        note_resolved(machine->sim, machine, action->resolve.token, action->resolve.host);
        break;
    case ACTION_STORE: /* not asked for */
    case ACTION_ANSWER:
        break;
    case ACTION_EXPORT:
        store(machine, action);
        break;
    case ACTION_ABORT:
        machine->aborted = action->abort.why;
        note_stop(machine->sim, machine);
        break;
    }
}

static void tell_observers(struct machine *machine, const struct event *event)
{
    struct sim *sim = machine->sim;
    const struct sim_step step = {
        .machine = machine->index,
        .now = machine_time(machine),
        .node = machine->node,
        .event = event,
        .actions = sim->outbox.at,
        .actions_n = sim->outbox.n,
    };
    sim->counts.steps++;
    sim->log_hash = log_hash_add(sim->log_hash, &step);
    for (size_t i = 0; i < sim->observers_n; i++)
        sim->observers[i].observe(sim->observers[i].context, &step);
}

void machine_step(struct machine *machine, const struct event *event)
{
    struct sim *sim = machine->sim;
    const struct sim_actor *actor = &machine->settings.actor;
    assert(machine->on && sim->outbox.n == 0);
    if (machine->node)
        node_step(machine->node, machine_time(machine), event, &sim->outbox);
    else if (actor->step)
        actor->step(actor->self, machine_time(machine), event, &sim->outbox);
    else
        return;
    tell_observers(machine, event);
    for (size_t i = 0; i < sim->outbox.n; i++)
        act(machine, &sim->outbox.at[i]);
    outbox_reset(&sim->outbox);
    arm(machine);
}

void machine_due(struct machine *machine)
{
    machine_step(machine, &(struct event){.kind = EVENT_TICK});
}

/* ---- disk ---- */

void machine_stored(struct machine *machine, char *image, size_t n)
{
    free(machine->image);
    machine->image = image;
    machine->image_n = n;
}

void sim_wipe(struct sim *sim, uint32_t i)
{
    machine_stored(sim->machines[i], NULL, 0);
}

struct span sim_image(const struct sim *sim, uint32_t i)
{
    return span_of(sim->machines[i]->image, sim->machines[i]->image_n);
}

/* ---- power ---- */

static void fill_book(struct machine *machine, struct book *book)
{
    const struct sim_machine *settings = &machine->settings;
    struct now now = machine_time(machine);
    if (machine->image) {
        struct book_load_report report;
        enum err err = book_load(book, now, span_of(machine->image, machine->image_n), &report);
        assert(err == ERR_OK); /* it is what a node of ours wrote */
        (void)err;
        return;
    }
    for (size_t i = 0; i < settings->known_n; i++)
        book_add(book, now, &machine->sim->rng, &settings->known[i], &settings->known[i], NULL);
}

static struct node *boot(struct machine *machine)
{
    struct rng *rng = &machine->sim->rng;
    uint8_t entropy[BOOK_ENTROPY];
    for (size_t i = 0; i < sizeof entropy; i++)
        entropy[i] = (uint8_t)rng_next(rng);
    machine->settings.node.rng_seed = rng_next(rng);
    machine->settings.node.book_store_interval_ms = 0; /* these disks hold images only */
    if (machine->settings.begin)
        machine->settings.begin(machine->settings.policy);
    struct book *book;
    enum err err = book_new(&machine->settings.book, entropy, &book);
    assert(err != ERR_INVALID);
    if (err)
        need(NULL);
    book_set_own_id(book, &machine->settings.node.id);
    fill_book(machine, book);
    return need(
        node_new(&machine->settings.node, book, machine->settings.policy, machine_time(machine)));
}

void sim_start(struct sim *sim, uint32_t i)
{
    struct machine *machine = sim->machines[i];
    assert(!machine->on);
    machine->on = true;
    machine->stopping = false;
    machine->aborted = NULL;
    machine->run++;
    if (!machine->settings.actor.step && !machine->settings.mute)
        machine->node = boot(machine);
    machine_step(machine, &(struct event){.kind = EVENT_START});
}

void machine_off(struct machine *machine)
{
    queue_drop(machine->sim, &machine->due);
    node_free(machine->node);
    machine->node = NULL;
    machine->on = false;
}

void sim_end(struct sim *sim, uint32_t i, enum sim_end how)
{
    struct machine *machine = sim->machines[i];
    if (!machine->on)
        return;
    if (how == SIM_STOP) {
        machine->stopping = true;
        sim_command(sim, i, COMMAND_STOP, NULL);
    }
    machine->off_reach = how == SIM_VANISH ? SIM_SILENT : SIM_REFUSES;
    conn_end_all(machine, how);
    machine_off(machine);
}

void sim_command(struct sim *sim, uint32_t i, enum command_kind kind, const struct addr *addr)
{
    struct event event = {.kind = EVENT_COMMAND};
    event.command.kind = kind;
    if (addr)
        event.command.addr = *addr;
    machine_step(sim->machines[i], &event);
}

void sim_policy_loaded(struct sim *sim, uint32_t i, const char *name)
{
    struct event event = {.kind = EVENT_POLICY_LOADED};
    event.policy_loaded.name = name;
    machine_step(sim->machines[i], &event);
}

void machine_free(struct machine *machine)
{
    struct sim_machine *settings = &machine->settings;
    if (machine->on)
        machine_off(machine);
    map_free(&machine->by_number);
    free(machine->image);
    free((void *)settings->node.seeds);
    free((void *)settings->node.persistent_peers);
    free((void *)settings->node.unconditional_ids);
    free((void *)settings->node.private_ids);
    free((void *)settings->known);
    free((void *)settings->listen_addr);
    free((void *)settings->network);
    free((void *)settings->moniker);
    free((void *)settings->version);
    free(machine);
}

/* ---- what others may see ---- */

bool sim_is_on(const struct sim *sim, uint32_t i)
{
    return sim->machines[i]->on;
}

const struct node *sim_node(const struct sim *sim, uint32_t i)
{
    return sim->machines[i]->node;
}

struct addr sim_addr(const struct sim *sim, uint32_t i)
{
    const struct sim_machine *settings = &sim->machines[i]->settings;
    return (struct addr){settings->node.id, settings->at};
}

const char *sim_aborted(const struct sim *sim, uint32_t i)
{
    return sim->machines[i]->aborted;
}
