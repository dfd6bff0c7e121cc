/* Which addresses of a list go into the book (R35, P16). */
#include "node/view.h"

/* What the policy chose, as indexes into the list. */
struct choice {
    size_t n;
    size_t at[PEX_SELECTION_MAX];
};

/* F26 */
static size_t list_n(const struct pex_message *list)
{
    return list->addrs_n < PEX_SELECTION_MAX ? list->addrs_n : PEX_SELECTION_MAX;
}

static void view_offer(
    const struct step *step, const struct addr *addr, struct offer_row *row, struct row_text *text)
{
    const struct book_entry *entry = book_find(step->node->book, &addr->id);
    struct view_name name = view_name(step->node, addr, text);
    bool here = entry && endpoint_equal(&entry->addr.at, &addr->at);
    *row = (struct offer_row){
        .id = name.id,
        .ip = name.ip,
        .port = name.port,
        .group = name.group,
        .tag = name.tag,
        .known = here,
        .known_elsewhere = entry && !here,
    };
}

static enum err ask(struct step *step, const struct conn *conn, const struct pex_message *list,
    struct accept_verdict *verdict)
{
    struct node *node = step->node;
    size_t n = list_n(list);
    struct offer_row *rows = outbox_alloc(step->outbox, n * sizeof *rows);
    struct row_text *texts = outbox_alloc(step->outbox, n * sizeof *texts), text;
    struct accept_view view = {
        .room = source_room(step, &conn->id),
        .offers = rows,
        .offers_n = n,
    };
    for (size_t i = 0; i < n; i++)
        view_offer(step, &list->addrs[i], &rows[i], &texts[i]);
    view_common(step, &view.common);
    view_peer(step, conn, &view.peer, &text);
    return policy_ask(node->policy, HOOK_accept, &node->rng, &view, verdict);
}

static void choose_all(const struct pex_message *list, struct choice *choice)
{
    for (choice->n = 0; choice->n < list_n(list); choice->n++)
        choice->at[choice->n] = choice->n;
}

static void choose_rows(const struct accept_verdict *verdict, size_t n, struct choice *choice)
{
    bool seen[PEX_SELECTION_MAX] = {false};
    for (size_t i = 0; i < verdict->rows_n; i++)
        if (view_take_row(seen, n, verdict->rows[i]))
            choice->at[choice->n++] = (size_t)verdict->rows[i];
}

static void choose(struct step *step, const struct conn *conn, const struct pex_message *list,
    struct choice *choice)
{
    struct accept_verdict verdict;
    choice->n = 0;
    if (!policy_wants(step->node->policy, HOOK_accept) || ask(step, conn, list, &verdict)) {
        choose_all(list, choice);
        return;
    }
    if (verdict.blame > 0)
        source_note_dead(step, &conn->id, (uint32_t)verdict.blame);
    if (!verdict.is_false)
        choose_rows(&verdict, list_n(list), choice);
}

static bool add(struct step *step, const struct addr *addr, const struct addr *source)
{
    struct node *node = step->node;
    enum book_added result = BOOK_KNOWN;
    enum err err = book_add(node->book, step->now, &node->rng, addr, source, &result);
    node->metrics.addresses_refused[err] += err != ERR_OK;
    if (err && log_wants(&node->settings.log, LOG_DEBUG)) {
        char text[ADDR_TEXT_MAX];
        log_write(&node->settings.log, LOG_DEBUG, "address refused by the book",
            LOG_TEXT("addr", addr_to_text(addr, text)), LOG_TEXT("error", err_text(err)));
    }
    if (err || result != BOOK_ADDED)
        return false;
    source_added(step, &source->id);
    return true;
}

uint32_t accept_list(struct step *step, const struct conn *conn, const struct pex_message *list)
{
    struct addr source = source_of(conn);
    struct choice choice;
    uint32_t added = 0;
    choose(step, conn, list, &choice);
    for (size_t i = 0; i < choice.n && source_room(step, &source.id) > 0; i++)
        added += add(step, &list->addrs[choice.at[i]], &source);
    return added;
}
