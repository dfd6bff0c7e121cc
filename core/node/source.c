/* Who tells us addresses: as the book knows them (F20), and how many more they may add (P16). */
#include "node/state.h"

#define ADDED_WINDOW_MS HOURS_MS(1)
#define BLAME_WINDOW_MS HOURS_MS(24)

struct addr source_of(const struct conn *conn)
{
    struct addr source = {conn->id, conn->remote};
    if (!conn->outbound) /* the other end's port says nothing, its claim at least something */
        source.at.port = conn->listen_known ? conn->listen.at.port : 0;
    return source;
}

static bool is_over(int64_t began_at, int64_t now_at, int64_t window_ms)
{
    return began_at == 0 || now_at - began_at >= window_ms;
}

static uint32_t allowance(
    const struct node_settings *settings, const struct peer_history *history, int64_t now_at)
{
    if (is_over(history->dead_at, now_at, BLAME_WINDOW_MS))
        return settings->source_hourly_max;
    uint32_t halvings = history->dead / settings->source_dead_step;
    return halvings < 31 ? settings->source_hourly_max >> halvings : 0;
}

uint32_t source_room(const struct step *step, const struct peer_id *id)
{
    const struct node_settings *settings = &step->node->settings;
    const struct peer_history *history = recent_find(&step->node->history, id);
    int64_t now_at = step->now.mono_ms + 1;
    if (!history)
        return settings->source_hourly_max;
    uint32_t added = is_over(history->added_at, now_at, ADDED_WINDOW_MS) ? 0 : history->added;
    uint32_t most = allowance(settings, history, now_at);
    return added < most ? most - added : 0;
}

uint32_t source_dead(const struct step *step, const struct peer_id *id)
{
    const struct peer_history *history = recent_find(&step->node->history, id);
    bool counts = history && !is_over(history->dead_at, step->now.mono_ms + 1, BLAME_WINDOW_MS);
    return counts ? history->dead : 0;
}

void source_added(struct step *step, const struct peer_id *id)
{
    struct peer_history *history = recent_touch(&step->node->history, id);
    int64_t now_at = step->now.mono_ms + 1;
    if (!history)
        return;
    if (is_over(history->added_at, now_at, ADDED_WINDOW_MS)) {
        history->added_at = now_at;
        history->added = 0;
    }
    history->added++;
}

void source_note_dead(struct step *step, const struct peer_id *id, uint32_t n)
{
    struct peer_history *history = recent_touch(&step->node->history, id);
    int64_t now_at = step->now.mono_ms + 1;
    if (!history)
        return;
    if (is_over(history->dead_at, now_at, BLAME_WINDOW_MS)) {
        history->dead_at = now_at;
        history->dead = 0;
    }
    history->dead += n < UINT32_MAX - history->dead ? n : 0;
}

/* Only what never answered anybody of us, and only its first failure: honest relays pass on
 * addresses that died since. */
void source_blame(struct step *step, const struct addr *dead)
{
    struct node *node = step->node;
    const struct book_entry *entry = book_find(node->book, &dead->id);
    if (!entry || !endpoint_equal(&entry->addr.at, &dead->at) || entry->attempts > 0 ||
        entry->last_success_ms != 0)
        return;
    const struct peer_id *id = &book_source(node->book, entry, 0)->id;
    if (!peer_id_equal(id, &node->settings.id))
        source_note_dead(step, id, 1);
}
