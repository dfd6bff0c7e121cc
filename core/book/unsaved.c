#include "book/unsaved.h"

#include <stdlib.h>

#include "book/changes.h"
#include "book/dump.h"

#define GONE_FIRST 64

enum err unsaved_init(struct unsaved *unsaved, uint32_t capacity, size_t name_size)
{
    uint32_t *next = calloc(capacity, sizeof *next);
    if (!next)
        return ERR_NO_MEMORY;
    *unsaved = (struct unsaved){
        .all = true,
        .next = next,
        .first = HANDLE_NONE,
        .last = HANDLE_NONE,
        .name_size = name_size,
    };
    return ERR_OK;
}

void unsaved_free(struct unsaved *unsaved)
{
    free(unsaved->next);
    free(unsaved->gone);
    *unsaved = (struct unsaved){0};
}

void unsaved_put(struct unsaved *unsaved, uint32_t handle)
{
    if (unsaved->all || unsaved->next[handle] != 0)
        return;
    unsaved->next[handle] = 1;
    if (unsaved->n++ == 0)
        unsaved->first = handle;
    else
        unsaved->next[unsaved->last] = handle + 2;
    unsaved->last = handle;
}

static bool has_room(struct unsaved *unsaved)
{
    if (unsaved->gone_n < unsaved->gone_cap)
        return true;
    if (unsaved->gone_n == BOOK_VANISHED_MAX)
        return false;
    uint32_t cap = unsaved->gone_cap == 0 ? GONE_FIRST : 2 * unsaved->gone_cap;
    if (cap > BOOK_VANISHED_MAX)
        cap = BOOK_VANISHED_MAX;
    uint8_t *gone = realloc(unsaved->gone, cap * unsaved->name_size);
    if (!gone)
        return false;
    unsaved->gone = gone;
    unsaved->gone_cap = cap;
    return true;
}

void unsaved_drop(struct unsaved *unsaved, const void *name)
{
    if (unsaved->all)
        return;
    if (!has_room(unsaved)) {
        unsaved_all(unsaved);
        return;
    }
    memcpy(unsaved->gone + unsaved->gone_n++ * unsaved->name_size, name, unsaved->name_size);
}

void unsaved_none(struct unsaved *unsaved)
{
    while (unsaved_next(unsaved) != HANDLE_NONE)
        ;
    unsaved->gone_from = unsaved->gone_n = 0;
    unsaved->all = false;
}

void unsaved_all(struct unsaved *unsaved)
{
    unsaved_none(unsaved);
    unsaved->all = true;
    free(unsaved->gone);
    unsaved->gone = NULL;
    unsaved->gone_cap = 0;
}

uint32_t unsaved_next(struct unsaved *unsaved)
{
    uint32_t handle = unsaved->first;
    if (handle == HANDLE_NONE)
        return HANDLE_NONE;
    uint32_t next = unsaved->next[handle];
    unsaved->next[handle] = 0;
    unsaved->n--;
    unsaved->first = next == 1 ? HANDLE_NONE : next - 2;
    return handle;
}

const void *unsaved_next_gone(struct unsaved *unsaved)
{
    if (unsaved->gone_from == unsaved->gone_n) {
        unsaved->gone_from = unsaved->gone_n = 0;
        return NULL;
    }
    return unsaved->gone + unsaved->gone_from++ * unsaved->name_size;
}

static void code_listed(struct codec *codec, struct unsaved *unsaved, uint32_t used_to)
{
    uint32_t n = code_count(codec, unsaved->n, used_to), at = unsaved->first;
    for (uint32_t i = 0; i < n && !codec->err; i++) {
        uint32_t handle = at;
        if (!codec->reading)
            at = unsaved->next[at] - 2; /* meaningless behind the last one */
        code_below(codec, &handle, used_to);
        if (codec->reading)
            unsaved_put(unsaved, handle);
    }
}

static void code_gone(struct codec *codec, struct unsaved *unsaved)
{
    uint32_t n = code_count(codec, unsaved->gone_n, BOOK_VANISHED_MAX);
    uint32_t from = code_count(codec, unsaved->gone_from, n);
    uint8_t name[UNSAVED_NAME_MAX] = {0};
    for (uint32_t i = 0; i < n && !codec->err; i++) {
        if (!codec->reading)
            memcpy(name, unsaved->gone + i * unsaved->name_size, unsaved->name_size);
        if (i >= from)
            code_bytes(codec, name, unsaved->name_size);
        if (codec->reading)
            unsaved_drop(unsaved, name);
    }
    unsaved->gone_from = from;
}

void unsaved_code(struct codec *codec, struct unsaved *unsaved, uint32_t used_to)
{
    bool all = unsaved->all;
    code_bool(codec, &all);
    if (codec->reading)
        unsaved->all = false; /* else it would take no names */
    code_listed(codec, unsaved, used_to);
    code_gone(codec, unsaved);
    unsaved->all = all;
}

void unsaved_copy(struct copier *copier, struct unsaved *unsaved, uint32_t used_to)
{
    COPY_ARRAY(copier, unsaved->next, used_to);
    unsaved->gone = copier_put(copier, unsaved->gone, (size_t)unsaved->gone_n * unsaved->name_size);
}
