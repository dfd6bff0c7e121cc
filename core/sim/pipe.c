#include "sim/pipe.h"

#include <stdlib.h>

struct segment *segment_new(enum segment_kind kind, const struct pex_message *message)
{
    size_t n = message ? message->addrs_n : 0;
    struct segment *segment = need(calloc(1, sizeof *segment + n * sizeof segment->addrs[0]));
    segment->kind = kind;
    if (!message)
        return segment;
    segment->message = *message;
    segment->message.addrs = segment->addrs;
    if (segment->message.listed_n < n)
        segment->message.listed_n = n;
    if (n > 0)
        memcpy(segment->addrs, message->addrs, n * sizeof segment->addrs[0]);
    return segment;
}

static void schedule(struct sim *sim, struct pipe *pipe)
{
    if (!pipe->first || pipe->held) {
        queue_drop(sim, &pipe->due);
        return;
    }
    int64_t at_ms = pipe->first->leaves_ms + pipe->one_way_ms;
    queue_put(sim, &pipe->due, at_ms > pipe->not_before_ms ? at_ms : pipe->not_before_ms);
}

void pipe_put(struct sim *sim, struct pipe *pipe, struct segment *segment, int64_t leaves_ms)
{
    segment->leaves_ms = leaves_ms;
    pipe->messages += segment->kind == SEGMENT_MESSAGE;
    if (!pipe->first) {
        pipe->first = pipe->last = segment;
        schedule(sim, pipe);
        return;
    }
    if (leaves_ms < pipe->last->leaves_ms)
        segment->leaves_ms = pipe->last->leaves_ms;
    pipe->last->next = segment;
    pipe->last = segment;
}

struct segment *pipe_take(struct sim *sim, struct pipe *pipe)
{
    struct segment *segment = pipe->first;
    pipe->first = segment->next;
    if (!pipe->first)
        pipe->last = NULL;
    pipe->messages -= segment->kind == SEGMENT_MESSAGE;
    schedule(sim, pipe);
    return segment;
}

void pipe_hold(struct sim *sim, struct pipe *pipe)
{
    pipe->held = true;
    schedule(sim, pipe);
}

void pipe_let_go(struct sim *sim, struct pipe *pipe)
{
    pipe->held = false;
    pipe->not_before_ms = sim->now_ms + pipe->one_way_ms;
    schedule(sim, pipe);
}

void pipe_flush(struct sim *sim, struct pipe *pipe)
{
    for (struct segment *segment = pipe->first; segment; segment = segment->next)
        segment->leaves_ms = earlier_ms(segment->leaves_ms, sim->now_ms);
    schedule(sim, pipe);
}

static void drop_all(struct pipe *pipe, struct segment *first)
{
    while (first) {
        struct segment *next = first->next;
        pipe->messages -= first->kind == SEGMENT_MESSAGE;
        free(first);
        first = next;
    }
}

void pipe_cut(struct sim *sim, struct pipe *pipe)
{
    struct segment **end = &pipe->first;
    pipe->last = NULL;
    for (; *end && (*end)->leaves_ms <= sim->now_ms; end = &(*end)->next)
        pipe->last = *end;
    drop_all(pipe, *end);
    *end = NULL;
    schedule(sim, pipe);
}

void pipe_clear(struct sim *sim, struct pipe *pipe)
{
    drop_all(pipe, pipe->first);
    pipe->first = pipe->last = NULL;
    schedule(sim, pipe);
}
