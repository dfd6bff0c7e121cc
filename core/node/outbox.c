#include "node/outbox.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 16384

struct outbox_block {
    struct outbox_block *next;
    size_t used, size;
    _Alignas(max_align_t) unsigned char bytes[];
};

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

struct action *outbox_add(struct outbox *outbox, enum action_kind kind, uint64_t conn)
{
    if (outbox->n == outbox->cap) {
        outbox->cap = outbox->cap ? outbox->cap * 2 : 16;
        outbox->at = need(realloc(outbox->at, outbox->cap * sizeof *outbox->at));
    }
    struct action *action = &outbox->at[outbox->n++];
    *action = (struct action){.kind = kind, .conn = conn};
    return action;
}

void *outbox_alloc(struct outbox *outbox, size_t n)
{
    size_t align = _Alignof(max_align_t);
    n = (n + align - 1) / align * align;
    struct outbox_block *block = outbox->blocks;
    if (!block || block->size - block->used < n) {
        size_t size = n > BLOCK_MIN ? n : BLOCK_MIN;
        block = need(malloc(sizeof *block + size));
        *block = (struct outbox_block){.next = outbox->blocks, .size = size};
        outbox->blocks = block;
    }
    void *memory = block->bytes + block->used;
    block->used += n;
    return memory;
}

static void free_blocks(struct outbox_block *block)
{
    while (block) {
        struct outbox_block *next = block->next;
        free(block);
        block = next;
    }
}

/* What the host did not take. */
static void free_left(struct action *action)
{
    if (action->kind == ACTION_STORE)
        book_free_changes(&action->store);
    else if (action->kind == ACTION_EXPORT)
        free(action->export.image);
}

void outbox_reset(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->n; i++)
        free_left(&outbox->at[i]);
    outbox->n = 0;
    if (outbox->blocks) {
        free_blocks(outbox->blocks->next);
        outbox->blocks->next = NULL;
        outbox->blocks->used = 0;
    }
}

void outbox_free(struct outbox *outbox)
{
    outbox_reset(outbox);
    free_blocks(outbox->blocks);
    free(outbox->at);
    *outbox = (struct outbox){0};
}
