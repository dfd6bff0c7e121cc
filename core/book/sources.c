#include "book/sources.h"

#include <assert.h>

#include "base/tables.h"

static_assert(sizeof(struct addr) == PEER_ID_SIZE + 16 + 2, "addresses are hashed as bytes");

enum err sources_init(struct sources *sources, uint32_t capacity, const struct hash_key *hash_key)
{
    struct sources made = {.capacity = capacity, .first_free = HANDLE_NONE, .hash_key = *hash_key};
    made.at = table_take(capacity, sizeof *made.at);
    if (!made.at || hash_index_init(&made.index, capacity)) {
        table_free(made.at, capacity, sizeof *made.at);
        return ERR_NO_MEMORY;
    }
    *sources = made;
    return ERR_OK;
}

void sources_free(struct sources *sources)
{
    table_free(sources->at, sources->capacity, sizeof *sources->at);
    hash_index_free(&sources->index);
    *sources = (struct sources){0};
}

static uint32_t hash_of(const struct sources *sources, const struct addr *addr)
{
    return hash_of_name(&sources->hash_key, addr, sizeof *addr);
}

void sources_fetch(const struct sources *sources, const struct addr *addr)
{
    hash_index_fetch(&sources->index, hash_of(sources, addr));
}

static uint32_t find(const struct sources *sources, const struct addr *addr, uint32_t hash)
{
    uint32_t at = hash, handle;
    while ((handle = hash_index_next(&sources->index, hash, &at)) != HANDLE_NONE)
        if (addr_equal(&sources->at[handle].addr, addr))
            break;
    return handle;
}

uint32_t sources_find(const struct sources *sources, const struct addr *addr)
{
    return find(sources, addr, hash_of(sources, addr));
}

static uint32_t make(struct sources *sources, const struct addr *addr, uint32_t hash)
{
    if (sources->n == sources->capacity)
        return HANDLE_NONE;
    uint32_t handle = sources->first_free;
    if (handle == HANDLE_NONE)
        handle = sources->used_to++;
    else
        sources->first_free = sources->at[handle].next_free;
    sources->at[handle] = (struct source){
        .addr = *addr,
    };
    hash_index_put(&sources->index, hash, handle);
    sources->n++;
    return handle;
}

uint32_t sources_take(struct sources *sources, const struct addr *addr)
{
    uint32_t hash = hash_of(sources, addr), handle = find(sources, addr, hash);
    if (handle == HANDLE_NONE)
        handle = make(sources, addr, hash);
    if (handle != HANDLE_NONE)
        sources->at[handle].users++;
    return handle;
}

bool sources_has_room(const struct sources *sources, const struct addr *addr)
{
    return sources->n < sources->capacity || sources_find(sources, addr) != HANDLE_NONE;
}

void sources_release(struct sources *sources, uint32_t handle)
{
    struct source *source = &sources->at[handle];
    assert(source->users > 0);
    if (--source->users > 0)
        return;
    hash_index_remove(&sources->index, hash_of(sources, &source->addr), handle);
    source->next_free = sources->first_free;
    sources->first_free = handle;
    sources->n--;
}

void sources_index(struct sources *sources, uint32_t handle)
{
    hash_index_put(&sources->index, hash_of(sources, &sources->at[handle].addr), handle);
    sources->n++;
}

static const char *check_free_list(const struct sources *sources)
{
    uint32_t n = 0, handle = sources->first_free;
    for (; handle != HANDLE_NONE; handle = sources->at[handle].next_free)
        if (handle >= sources->used_to || sources->at[handle].users > 0 || n++ == sources->used_to)
            return "the list of free sources is broken";
    return n + sources->n == sources->used_to ? NULL : "a source is neither free nor in use";
}

const char *sources_check(const struct sources *sources)
{
    uint32_t in_use = 0;
    for (uint32_t handle = 0; handle < sources->used_to; handle++) {
        const struct source *source = &sources->at[handle];
        if (source->users == 0)
            continue;
        in_use++;
        if (sources_find(sources, &source->addr) != handle)
            return "a source is not found under its address";
    }
    if (in_use != sources->n || sources->index.n != sources->n)
        return "the number of sources is wrong";
    return check_free_list(sources);
}
