#include "sim/picture.h"

#include <stdlib.h>

#define REMEMBERED 4096

void picture_reset(struct picture *picture, uint64_t seed)
{
    picture_free(picture);
    recent_init(&picture->asked, PEER_ID_SIZE, sizeof(int64_t), REMEMBERED, seed);
    recent_init(&picture->failed, sizeof(struct endpoint), sizeof(int64_t), REMEMBERED, seed);
    recent_init(&picture->ranges, sizeof(struct ip), sizeof(struct budget), REMEMBERED, seed);
    recent_init(&picture->missed, PEER_ID_SIZE, sizeof(int64_t), REMEMBERED, seed);
    recent_init(&picture->dialed, PEER_ID_SIZE, sizeof(int64_t), REMEMBERED, seed);
    recent_init(&picture->homes, sizeof(struct ip), sizeof(struct budget), REMEMBERED, seed);
    picture->begun = true;
    picture->last_dial = CONN_OUTBOUND;
    picture->ticked_ms = -1;
}

void picture_free(struct picture *picture)
{
    if (!picture->begun)
        return;
    free(picture->at);
    recent_free(&picture->asked);
    recent_free(&picture->failed);
    recent_free(&picture->ranges);
    recent_free(&picture->missed);
    recent_free(&picture->dialed);
    recent_free(&picture->homes);
    *picture = (struct picture){0};
}

struct seen_conn *picture_find(struct picture *picture, uint64_t number)
{
    for (uint32_t i = 0; i < picture->n; i++)
        if (picture->at[i].number == number)
            return &picture->at[i];
    return NULL;
}

struct seen_conn *picture_add(struct picture *picture, const struct seen_conn *conn)
{
    if (picture->n == picture->cap) {
        picture->cap = picture->cap ? picture->cap * 2 : 16;
        picture->at = need(realloc(picture->at, picture->cap * sizeof *picture->at));
    }
    picture->at[picture->n] = *conn;
    return &picture->at[picture->n++];
}

void picture_remove(struct picture *picture, struct seen_conn *conn)
{
    *conn = picture->at[--picture->n];
}

static bool is_listed(const struct addr_text *list, size_t n, const struct peer_id *id)
{
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&list[i].id, id))
            return true;
    return false;
}

bool picture_seed(const struct node_settings *settings, const struct peer_id *id)
{
    return is_listed(settings->seeds, settings->seeds_n, id);
}

bool picture_persistent(const struct node_settings *settings, const struct peer_id *id)
{
    return is_listed(settings->persistent_peers, settings->persistent_peers_n, id);
}

bool picture_configured(const struct node_settings *settings, const struct peer_id *id)
{
    return picture_seed(settings, id) || picture_persistent(settings, id);
}

bool picture_unconditional(const struct node_settings *settings, const struct peer_id *id)
{
    for (size_t i = 0; i < settings->unconditional_ids_n; i++)
        if (peer_id_equal(&settings->unconditional_ids[i], id))
            return true;
    return false;
}

bool picture_take(
    struct budget *budget, int64_t mono_ms, int64_t parts, int64_t parts_per_ms, int64_t burst)
{
    int64_t back = (mono_ms - budget->at_ms) * parts_per_ms;
    budget->spent = (budget->spent > back ? budget->spent - back : 0) + parts;
    budget->at_ms = mono_ms;
    return budget->spent <= burst * parts + 1;
}
