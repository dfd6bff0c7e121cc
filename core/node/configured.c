/* What seeds and persistent peers have in common: a text of the configuration whose host may have
 * to be looked up. */
#include "node/configured.h"

#include <stdlib.h>

static struct configured_peer *find(
    struct configured_peer *list, uint32_t n, const struct peer_id *id)
{
    for (uint32_t i = 0; i < n; i++)
        if (!list[i].removed && peer_id_equal(&list[i].text.id, id))
            return &list[i];
    return NULL;
}

struct configured_peer *configured_persistent(const struct node *node, const struct peer_id *id)
{
    return find(node->persistent, node->persistent_n, id);
}

bool configured_is_persistent(const struct node *node, const struct peer_id *id)
{
    return configured_persistent(node, id) != NULL;
}

struct configured_peer *configured_seed(const struct node *node, const struct peer_id *id)
{
    return find(node->seeds, node->seeds_n, id);
}

bool configured_is_seed(const struct node *node, const struct peer_id *id)
{
    return configured_seed(node, id) != NULL;
}

static bool any_in(const struct configured_peer *list, uint32_t n, const struct cidr *range)
{
    for (uint32_t i = 0; i < n; i++)
        if (list[i].resolved && !list[i].removed && cidr_contains(range, &list[i].addr.at.ip))
            return true;
    return false;
}

bool configured_covers(const struct node *node, const struct cidr *range)
{
    return any_in(node->seeds, node->seeds_n, range) ||
        any_in(node->persistent, node->persistent_n, range);
}

void configured_resolve(struct step *step, struct configured_peer *peer, uint64_t token)
{
    struct action *action = outbox_add(step->outbox, ACTION_RESOLVE, 0);
    action->resolve.token = token;
    size_t host_n = strlen(peer->text.host) + 1;
    action->resolve.host = memcpy(outbox_alloc(step->outbox, host_n), peer->text.host, host_n);
    peer->resolving = true;
    peer->next_ms = NEVER_MS;
}

void configured_set_address(struct configured_peer *peer, const struct ip *ip)
{
    peer->addr = (struct addr){.id = peer->text.id, .at = {*ip, peer->text.port}};
    peer->resolved = true;
}

void configured_resolved(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    bool is_persistent = event->resolved.token & CONFIGURED_PERSISTENT;
    uint32_t i = (uint32_t)event->resolved.token;
    if (i >= (is_persistent ? node->persistent_n : node->seeds_n))
        return;
    struct configured_peer *peer = is_persistent ? &node->persistent[i] : &node->seeds[i];
    if (!peer->resolving)
        return;
    peer->resolving = false;
    if (peer->removed)
        return;
    if (is_persistent)
        persistent_answered(step, peer, event);
    else
        seeds_answered(step, peer, event);
}

struct configured_peer *configured_grow(struct configured_peer **list, uint32_t *n)
{
    struct configured_peer *grown =
        *n < CONFIGURED_MAX ? realloc(*list, (*n + 1) * sizeof *grown) : NULL;
    if (!grown)
        return NULL;
    *list = grown;
    return &grown[(*n)++];
}

struct configured_peer *configured_place(struct configured_peer **list, uint32_t *n)
{
    for (uint32_t i = 0; i < *n; i++)
        if ((*list)[i].removed && !(*list)[i].resolving)
            return &(*list)[i];
    return configured_grow(list, n);
}

void configured_start(struct step *step)
{
    struct node *node = step->node;
    for (uint32_t i = 0; i < node->seeds_n && node->settings.pex; i++)
        seeds_start(step, i);
    for (uint32_t i = 0; i < node->persistent_n; i++)
        persistent_start(step, &node->persistent[i]);
    node->seeds_checked = !node->settings.pex; /* then nobody needs one */
    seeds_check(step);
}

void configured_tick(struct step *step)
{
    struct node *node = step->node;
    for (uint32_t i = 0; i < node->seeds_n; i++)
        if (node->seeds[i].next_ms <= step->now.mono_ms)
            configured_resolve(step, &node->seeds[i], i);
    for (uint32_t i = 0; i < node->persistent_n; i++)
        if (node->persistent[i].next_ms <= step->now.mono_ms)
            persistent_due(step, i);
}

int64_t configured_deadline(const struct node *node)
{
    int64_t next = NEVER_MS;
    for (uint32_t i = 0; i < node->seeds_n; i++)
        next = earlier_ms(next, node->seeds[i].next_ms);
    for (uint32_t i = 0; i < node->persistent_n; i++)
        next = earlier_ms(next, node->persistent[i].next_ms);
    return next;
}
