#include "trace/opening.h"

#include "trace/format.h"
#include <stdatomic.h>
#include <stdlib.h>

struct opening *opening_new(struct opening *_Atomic *home)
{
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening)
        opening->home = home;
    return opening;
}

size_t opening_size(const struct opening *opening)
{
    return opening->head.n + opening->node.n + opening->policy.n;
}

void opening_write(const struct opening *opening, struct codec *codec)
{
    struct codec node = codec_writer();
    node_snapshot_write(&node, opening->node.node);
    struct trace_segment record = {
        .number = opening->number,
        .now = opening->now,
        .wants = opening->wants,
        .node = codec_written(&node),
        .policy = codec_written(&opening->policy),
    };
    if (node.err)
        codec->err = node.err;
    code_bytes(codec, (void *)opening->head.at, opening->head.n);
    size_t begun = trace_begin(codec, TRACE_SEGMENT);
    trace_code_segment(codec, &record);
    trace_end(codec, begun);
    codec_free(&node);
}

void opening_release(struct opening *opening)
{
    opening_free(atomic_exchange(opening->home, opening));
}

void opening_free(struct opening *opening)
{
    if (!opening)
        return;
    node_picture_free(&opening->node);
    codec_free(&opening->policy);
    free(opening);
}
