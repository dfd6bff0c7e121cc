#include "app/control/control_subject.h"

#include "app/book/book_wanted.h"

#include <string.h>

/* ---- the beginning of an ID ---- */

struct search {
    const char *text;
    size_t text_n;
    unsigned found; /* different IDs: 0, 1, or 2 for more */
    struct peer_id ids[2];
};

static void try_id(struct search *search, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    if (search->found == 2 || peer_id_is_none(id) ||
        strncasecmp(search->text, peer_id_text(id, text), search->text_n) != 0 ||
        (search->found > 0 && peer_id_equal(&search->ids[0], id)))
        return;
    search->ids[search->found++] = *id;
}

static void try_peer(void *context, const struct node_peer *peer)
{
    try_id(context, &peer->id);
}

static void try_configured(void *context, const struct node_configured *peer)
{
    try_id(context, &peer->text->id);
}

static bool try_record(void *context, const struct journal_record *record)
{
    const struct addr addr = happening_addr(record->body);
    const struct peer_id other = happening_other(record->body);
    try_id(context, &addr.id);
    try_id(context, &other);
    return true;
}

static void search_bans(const struct bans *bans, struct search *search)
{
    for (uint32_t i = 0; i < bans_count(bans); i++)
        try_id(search, &bans_at(bans, i)->target.id);
}

static void search_book(const struct book *book, struct search *search)
{
    const struct book_entry *entry;
    uint32_t cursor = 0;
    while ((entry = book_next(book, &cursor)) != NULL)
        try_id(search, &entry->addr.id);
}

static void search_everywhere(const struct controller *controller, struct search *search)
{
    const struct runner *runner = controller->runner;
    const struct id_list *unconditional = &controller->settings->p2p.unconditional_peer_ids;
    const struct journal_filter events = {.no_decisions = true};
    const struct node *node = control_node(controller);
    try_id(search, &runner->options.key->id);
    node_peers(node, try_peer, search);
    search_book(node_book(node), search);
    search_bans(book_bans(node_book(node)), search);
    node_configured(node, NODE_SEEDS, try_configured, search);
    node_configured(node, NODE_PERSISTENT, try_configured, search);
    for (size_t i = 0; i < unconditional->n; i++)
        try_id(search, &unconditional->items[i]);
    journal_query(runner->journal, &events, try_record, search);
}

static void search_in(
    const struct controller *controller, enum control_scope scope, struct search *search)
{
    const struct node *node = control_node(controller);
    if (search->text_n < BOOK_PREFIX_MIN)
        return;
    if (scope == CONTROL_ANYBODY)
        search_everywhere(controller, search);
    else if (scope == CONTROL_BANNED)
        search_bans(book_bans(node_book(node)), search);
    else
        node_configured(
            node, scope == CONTROL_SEEDS ? NODE_SEEDS : NODE_PERSISTENT, try_configured, search);
}

static void refuse_several(struct control_request *request, const struct search *search)
{
    char one[PEER_ID_TEXT + 1], other[PEER_ID_TEXT + 1];
    control_refuse(request, CONTROL_REFUSED,
        "%s is the beginning of several IDs, such as %s and %s; give more of it", search->text,
        peer_id_text(&search->ids[0], one), peer_id_text(&search->ids[1], other));
}

bool control_read_id(const struct controller *controller, struct control_request *request,
    const char *text, enum control_scope scope, struct peer_id *id, bool *is_id)
{
    *is_id = peer_id_parse(span_of_text(text), id) == ERR_OK;
    if (*is_id)
        return true;
    struct search search = {.text = text, .text_n = strlen(text)};
    search_in(controller, scope, &search);
    if (search.found > 1) {
        refuse_several(request, &search);
        return false;
    }
    *is_id = search.found == 1;
    if (*is_id)
        *id = search.ids[0];
    return true;
}

/* ---- IP and port ---- */

static bool is_at(const struct book_entry *entry, const struct control_subject *subject)
{
    const struct endpoint *at = &entry->addr.at;
    return ip_equal(&at->ip, &subject->ip) && (subject->port == 0 || subject->port == at->port);
}

size_t control_subject_entries(const struct controller *controller,
    const struct control_subject *subject, const struct book_entry **one)
{
    const struct book *book = node_book(control_node(controller));
    const struct book_entry *entry = subject->has_id ? book_find(book, &subject->id) : NULL;
    uint32_t cursor = 0;
    size_t n = 0;
    if (entry)
        *one = entry;
    if (subject->has_id)
        return entry != NULL;
    while ((entry = book_next(book, &cursor)) != NULL)
        if (is_at(entry, subject)) {
            *one = entry;
            n++;
        }
    return n;
}

struct endpoint_search {
    struct endpoint at;
    struct control_subject *subject;
};

static void take_peer_there(void *context, const struct node_peer *peer)
{
    struct endpoint_search *search = context;
    if (peer->remote.port != search->at.port || !ip_equal(&peer->remote.ip, &search->at.ip))
        return;
    search->subject->has_id = true;
    search->subject->id = peer->id;
}

static void take_configured_there(void *context, const struct node_configured *peer)
{
    struct endpoint_search *search = context;
    const struct addr_text *text = peer->text;
    if (search->subject->has_id || text->is_name || text->port != search->at.port ||
        !ip_equal(&text->ip, &search->at.ip))
        return;
    search->subject->has_id = true;
    search->subject->id = text->id;
}

/* Who is there, if that is known: a peer, who the configuration says, the address of the book. */
static void name_endpoint(const struct controller *controller, struct control_subject *subject)
{
    const struct node *node = control_node(controller);
    struct endpoint_search search = {{subject->ip, subject->port}, subject};
    const struct book_entry *entry;
    node_peers(node, take_peer_there, &search);
    node_configured(node, NODE_SEEDS, take_configured_there, &search);
    node_configured(node, NODE_PERSISTENT, take_configured_there, &search);
    if (subject->has_id || control_subject_entries(controller, subject, &entry) != 1)
        return;
    subject->has_id = true;
    subject->id = entry->addr.id;
}

/* An IP or IP:port; false: neither. */
static bool read_place(
    const struct controller *controller, const char *text, struct control_subject *subject)
{
    struct addr_text at;
    subject->has_ip = ip_parse(span_of_text(text), &subject->ip) == ERR_OK;
    if (subject->has_ip)
        return true;
    if (addr_text_parse_listen(span_of_text(text), false, &at, NULL) != ERR_OK || at.is_name)
        return false;
    *subject = (struct control_subject){.has_ip = true, .ip = at.ip, .port = at.port};
    name_endpoint(controller, subject);
    return true;
}

bool control_may_name(struct control_request *request, const char *field, const char *text)
{
    struct book_wanted wanted;
    if (book_wanted_read(text, &wanted))
        return true;
    control_refuse_argument(
        request, field, "a node ID, the first digits of one (4 or more), an IP or IP:port", text);
    return false;
}

bool control_read_subject(const struct controller *controller, struct control_request *request,
    const char *field, const char *text, struct control_subject *subject)
{
    *subject = (struct control_subject){0};
    if (read_place(controller, text, subject))
        return true;
    if (!control_read_id(
            controller, request, text, CONTROL_ANYBODY, &subject->id, &subject->has_id))
        return false;
    if (!subject->has_id && control_may_name(request, field, text))
        control_refuse(request, CONTROL_REFUSED,
            "nobody is known as %s: no peer, seed, address in the book, ban or recent event; give "
            "the first digits of an ID (%d or more), all of it, an IP or IP:port",
            text, BOOK_PREFIX_MIN);
    return subject->has_id;
}

/* ---- what the configuration says ---- */

struct role_search {
    const struct control_subject *subject;
    bool found;
    const struct addr_text *text; /* of the last one; NULL: none has an IP */
};

static void find_configured(void *context, const struct node_configured *peer)
{
    struct role_search *search = context;
    const struct control_subject *subject = search->subject;
    bool is_meant = subject->has_id
        ? peer_id_equal(&peer->text->id, &subject->id)
        : !peer->text->is_name && ip_equal(&peer->text->ip, &subject->ip);
    search->found |= is_meant;
    if (is_meant && !peer->text->is_name)
        search->text = peer->text;
}

bool control_subject_is_in(
    const struct controller *controller, const struct control_subject *subject, enum node_list list)
{
    struct role_search search = {.subject = subject};
    node_configured(control_node(controller), list, find_configured, &search);
    return search.found;
}

bool control_subject_configured_ip(
    const struct controller *controller, const struct peer_id *id, struct ip *ip)
{
    const struct control_subject subject = {.has_id = true, .id = *id};
    struct role_search search = {.subject = &subject};
    node_configured(control_node(controller), NODE_SEEDS, find_configured, &search);
    node_configured(control_node(controller), NODE_PERSISTENT, find_configured, &search);
    if (search.text)
        *ip = search.text->ip;
    return search.text != NULL;
}

const char *control_subject_role(
    const struct controller *controller, const struct control_subject *subject)
{
    const struct id_list *unconditional = &controller->settings->p2p.unconditional_peer_ids;
    if (control_subject_is_in(controller, subject, NODE_PERSISTENT))
        return "persistent";
    if (control_subject_is_in(controller, subject, NODE_SEEDS))
        return "a seed";
    for (size_t i = 0; i < unconditional->n && subject->has_id; i++)
        if (peer_id_equal(&unconditional->items[i], &subject->id))
            return "unconditional";
    return NULL;
}
