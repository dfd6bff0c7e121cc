#include "book/dump.h"
#include "node/snapshot.h"
#include "node/state.h"
#include <stdlib.h>

static void copy_tables(struct copier *copier, struct node *node)
{
    recent_copy(copier, &node->dial_records);
    recent_copy(copier, &node->ranges);
    recent_copy(copier, &node->history);
    recent_copy(copier, &node->ip_budgets);
    recent_copy(copier, &node->crawl.records);
}

/* NULL while it counts. */
static const struct node *copy_node(struct copier *copier, const struct node *node)
{
    struct node copy = *node;
    copy.book = book_copy(copier, node->book);
    COPY_ARRAY(copier, copy.conns.at, node->conns.n);
    copy_tables(copier, &copy);
    COPY_ARRAY(copier, copy.seeds, node->seeds_n);
    COPY_ARRAY(copier, copy.persistent, node->persistent_n);
    COPY_ARRAY(copier, copy.unconditional, node->settings.unconditional_ids_n);
    COPY_ARRAY(copier, copy.walk.order, node->walk.n);
    COPY_ARRAY(copier, copy.crawl.queue, node->crawl.queue_n);
    return copier_put(copier, &copy, sizeof copy);
}

/* Memory that was used before costs a copy nothing but the copying, so it is kept, with some to
 * spare: a node's tables grow slowly. */
static bool make_room(struct node_picture *picture, size_t n)
{
    if (n <= picture->cap)
        return true;
    node_picture_free(picture);
    picture->room = malloc(n + n / 4);
    picture->cap = picture->room ? n + n / 4 : 0;
    return picture->room != NULL;
}

enum err node_picture_take(struct node_picture *picture, const struct node *node)
{
    struct copier count = {0};
    copy_node(&count, node);
    picture->node = NULL;
    if (!make_room(picture, count.n))
        return ERR_NO_MEMORY;
    struct copier copier = {.room = picture->room};
    picture->node = copy_node(&copier, node);
    picture->n = copier.n;
    return ERR_OK;
}

void node_picture_free(struct node_picture *picture)
{
    free(picture->room);
    *picture = (struct node_picture){0};
}
