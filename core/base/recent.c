#include "base/recent.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

void recent_init(
    struct recent *recent, size_t key_size, size_t record_size, uint32_t max, uint64_t seed)
{
    assert(max > 0 && max < NONE);
    *recent =
        (struct recent){.record_size = record_size, .max = max, .newest = NONE, .oldest = NONE};
    map_init(&recent->index, key_size, seed);
}

void recent_free(struct recent *recent)
{
    free(recent->keys);
    free(recent->records);
    free(recent->links);
    map_free(&recent->index);
    recent_init(
        recent, recent->index.key_size, recent->record_size, recent->max, recent->index.seed);
}

static uint8_t *key_at(const struct recent *recent, uint32_t i)
{
    return recent->keys + i * recent->index.key_size;
}

static void *record_at(const struct recent *recent, uint32_t i)
{
    return recent->records + i * recent->record_size;
}

static void unlink_record(struct recent *recent, uint32_t i)
{
    struct recent_links own = recent->links[i];
    if (own.newer == NONE)
        recent->newest = own.older;
    else
        recent->links[own.newer].older = own.older;
    if (own.older == NONE)
        recent->oldest = own.newer;
    else
        recent->links[own.older].newer = own.newer;
}

static void link_newest(struct recent *recent, uint32_t i)
{
    recent->links[i] = (struct recent_links){.newer = NONE, .older = recent->newest};
    if (recent->newest != NONE)
        recent->links[recent->newest].newer = i;
    else
        recent->oldest = i;
    recent->newest = i;
}

void *recent_find(const struct recent *recent, const void *key)
{
    uint32_t i = map_get(&recent->index, key);
    return i == MAP_NONE ? NULL : record_at(recent, i);
}

static bool grow(struct recent *recent)
{
    uint32_t cap = recent->cap ? recent->cap * 2 : 16;
    if (cap > recent->max)
        cap = recent->max;
    uint8_t *keys = realloc(recent->keys, cap * recent->index.key_size);
    if (keys)
        recent->keys = keys;
    uint8_t *records = realloc(recent->records, cap * recent->record_size);
    if (records)
        recent->records = records;
    struct recent_links *links = realloc(recent->links, cap * sizeof *links);
    if (links)
        recent->links = links;
    if (!keys || !records || !links)
        return false;
    recent->cap = cap;
    return true;
}

/* The last record takes the place of record i, so that records stay dense. */
static void remove_at(struct recent *recent, uint32_t i)
{
    map_remove(&recent->index, key_at(recent, i));
    unlink_record(recent, i);
    uint32_t last = --recent->n;
    if (i == last)
        return;
    memcpy(key_at(recent, i), key_at(recent, last), recent->index.key_size);
    memcpy(record_at(recent, i), record_at(recent, last), recent->record_size);
    recent->links[i] = recent->links[last];
    if (recent->links[i].newer == NONE)
        recent->newest = i;
    else
        recent->links[recent->links[i].newer].older = i;
    if (recent->links[i].older == NONE)
        recent->oldest = i;
    else
        recent->links[recent->links[i].older].newer = i;
    map_put(&recent->index, key_at(recent, i), i);
}

void *recent_touch(struct recent *recent, const void *key)
{
    uint32_t i = map_get(&recent->index, key);
    if (i != MAP_NONE) {
        unlink_record(recent, i);
        link_newest(recent, i);
        return record_at(recent, i);
    }
    if (recent->n == recent->max)
        remove_at(recent, recent->oldest);
    if (recent->n == recent->cap && !grow(recent))
        return NULL;
    i = recent->n;
    if (!map_put(&recent->index, key, i))
        return NULL;
    recent->n++;
    memcpy(key_at(recent, i), key, recent->index.key_size);
    memset(record_at(recent, i), 0, recent->record_size);
    link_newest(recent, i);
    return record_at(recent, i);
}

void recent_remove(struct recent *recent, const void *key)
{
    uint32_t i = map_get(&recent->index, key);
    if (i != MAP_NONE)
        remove_at(recent, i);
}

const void *recent_oldest(const struct recent *recent)
{
    return recent->n > 0 ? record_at(recent, recent->oldest) : NULL;
}

void recent_forget_oldest(struct recent *recent)
{
    if (recent->n > 0)
        remove_at(recent, recent->oldest);
}

void recent_code(struct codec *codec, struct recent *recent,
    void (*code_record)(struct codec *codec, void *record))
{
    uint32_t n = code_count(codec, recent->n, recent->max), at = recent->oldest;
    uint8_t key[MAP_KEY_MAX];
    for (uint32_t i = 0; i < n && !codec->err; i++) {
        if (!codec->reading)
            memcpy(key, key_at(recent, at), recent->index.key_size);
        code_bytes(codec, key, recent->index.key_size);
        void *record = codec->reading ? recent_touch(recent, key) : (void *)record_at(recent, at);
        if (record)
            code_record(codec, record);
        else
            codec->err = ERR_NO_MEMORY;
        at = codec->reading ? at : recent->links[at].newer;
    }
}

void recent_copy(struct copier *copier, struct recent *recent)
{
    recent->keys = copier_put(copier, recent->keys, recent->n * recent->index.key_size);
    recent->records = copier_put(copier, recent->records, recent->n * recent->record_size);
    COPY_ARRAY(copier, recent->links, recent->n);
    recent->index.keys = NULL;
    recent->index.values = NULL;
}
