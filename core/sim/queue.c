/* Everything that waits for its time, and the clock that goes from one to the next. */
#include "sim/conn.h"
#include "sim/network.h"

#include <assert.h>
#include <stdlib.h>

struct note {
    struct due due;
    struct machine *machine;
    uint32_t run;
    bool stop;
    struct event event;
    struct ip ips[RESOLVED_MAX];
    char *image;
    size_t image_n;
};

struct call {
    struct due due;
    void (*call)(void *context, struct sim *sim);
    void *context;
};

void queue_put(struct sim *sim, struct due *due, int64_t at_ms)
{
    if (at_ms == NEVER_MS) {
        heap_remove(&sim->queue, &due->item);
        return;
    }
    assert(at_ms >= sim->now_ms);
    if (due->item.place == 0 && !heap_reserve(&sim->queue, sim->queue.n + 1))
        need(NULL);
    heap_set(&sim->queue, &due->item, at_ms);
}

void queue_drop(struct sim *sim, struct due *due)
{
    heap_remove(&sim->queue, &due->item);
}

/* ---- notes ---- */

static struct note *note_new(struct machine *machine)
{
    struct note *note = need(calloc(1, sizeof *note));
    note->due.kind = DUE_NOTE;
    note->machine = machine;
    note->run = machine->run;
    return note;
}

void note_put(struct sim *sim, struct machine *machine, int64_t in_ms, const struct event *event,
    char *image, size_t image_n)
{
    struct note *note = note_new(machine);
    note->event = *event;
    note->image = image;
    note->image_n = image_n;
    queue_put(sim, &note->due, sim->now_ms + in_ms);
}

void note_resolved(struct sim *sim, struct machine *machine, uint64_t token, const char *host)
{
    struct note *note = note_new(machine);
    size_t n = network_resolve(sim, host, note->ips);
    note->event.kind = EVENT_RESOLVED;
    note->event.resolved.token = token;
    note->event.resolved.err = n > 0 ? ERR_OK : ERR_LOOKUP;
    note->event.resolved.ips = note->ips;
    note->event.resolved.ips_n = n;
    queue_put(sim, &note->due, sim->now_ms + sim->settings.lookup_ms);
}

void note_stop(struct sim *sim, struct machine *machine)
{
    struct note *note = note_new(machine);
    note->stop = true;
    queue_put(sim, &note->due, sim->now_ms);
}

static void note_free(struct note *note)
{
    free(note->image);
    free(note);
}

static void note_due(struct sim *sim, struct note *note)
{
    struct machine *machine = note->machine;
    const struct event *event = &note->event;
    bool late = !machine->on || machine->run != note->run ||
        (event->kind == EVENT_SEND_FAILED && !conn_is_known(machine, event->conn));
    if (late) {
        note_free(note);
        return;
    }
    if (event->kind == EVENT_EXPORTED) {
        machine_stored(machine, note->image, note->image_n);
        note->image = NULL;
    }
    if (note->stop)
        sim_end(sim, machine->index, SIM_STOP);
    else
        machine_step(machine, event);
    note_free(note);
}

/* ---- calls ---- */

void sim_at(
    struct sim *sim, int64_t mono_ms, void (*call)(void *context, struct sim *sim), void *context)
{
    struct call *made = need(calloc(1, sizeof *made));
    *made = (struct call){.due = {.kind = DUE_CALL}, .call = call, .context = context};
    queue_put(sim, &made->due, mono_ms > sim->now_ms ? mono_ms : sim->now_ms);
}

static void call_due(struct sim *sim, struct call *call)
{
    call->call(call->context, sim);
    free(call);
}

/* ---- the clock ---- */

static struct due *due_of(struct heap_item *item)
{
    return (struct due *)((char *)item - offsetof(struct due, item));
}

static void happen(struct sim *sim, struct due *due)
{
    switch (due->kind) {
    case DUE_MACHINE:
        machine_due((struct machine *)due);
        break;
    case DUE_NOTE:
        note_due(sim, (struct note *)due);
        break;
    case DUE_PIPE:
        conn_pipe_due((struct pipe *)due);
        break;
    case DUE_SIDE:
        conn_side_due((struct side *)due);
        break;
    case DUE_CALL:
        call_due(sim, (struct call *)due);
        break;
    }
}

void sim_run_until(struct sim *sim, int64_t mono_ms)
{
    for (struct heap_item *item; (item = heap_top(&sim->queue)) && item->key <= mono_ms;) {
        sim->now_ms = item->key;
        heap_remove(&sim->queue, item);
        happen(sim, due_of(item));
    }
    if (mono_ms > sim->now_ms)
        sim->now_ms = mono_ms;
}

bool sim_run_until_true(struct sim *sim, int64_t limit_ms, int64_t every_ms,
    bool (*condition)(void *context, const struct sim *sim), void *context)
{
    assert(every_ms > 0);
    while (!condition(context, sim)) {
        if (sim->now_ms >= limit_ms)
            return false;
        sim_run_until(sim, earlier_ms(limit_ms, sim->now_ms + every_ms));
    }
    return true;
}

void queue_free(struct sim *sim)
{
    for (struct heap_item *item; (item = heap_top(&sim->queue));) {
        struct due *due = due_of(item);
        heap_remove(&sim->queue, item);
        if (due->kind == DUE_NOTE)
            note_free((struct note *)due);
        else if (due->kind == DUE_CALL)
            free(due);
    }
    heap_free(&sim->queue);
}
