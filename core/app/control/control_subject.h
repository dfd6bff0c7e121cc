/* Whom a text of an operator means: anybody who is known, connected or not. */
#ifndef APP_CONTROL_SUBJECT_H
#define APP_CONTROL_SUBJECT_H

#include "app/control/control_inside.h"

struct control_subject {
    bool has_id, has_ip;
    struct peer_id id;
    struct ip ip;
    uint16_t port; /* at that IP; 0: any */
};

/* From a node ID, the beginning of one, an IP or IP:port. The beginning must be that of one ID
 * among this node, its peers, the book, bans, seeds, persistent and unconditional peers and the
 * events that are remembered; IP:port of a peer, of a seed, of a persistent peer or of one address
 * in the book means its ID too. false: refused. */
bool control_read_subject(const struct controller *controller, struct control_request *request,
    const char *field, const char *text, struct control_subject *subject);
/* Whether a text that nobody goes by has at least the form of an ID, the beginning of one, an IP,
 * IP:port or a range. false: refused, for the words are wrong whatever the node knows. */
bool control_may_name(struct control_request *request, const char *field, const char *text);
/* Among whom the beginning of an ID is looked for. */
enum control_scope { CONTROL_ANYBODY, CONTROL_BANNED, CONTROL_PERSISTENT, CONTROL_SEEDS };

/* An ID or the beginning of one. What is neither, or of nobody, leaves *is_id false, and nothing is
 * refused then. false: refused, for several IDs begin so. */
bool control_read_id(const struct controller *controller, struct control_request *request,
    const char *text, enum control_scope scope, struct peer_id *id, bool *is_id);

/* Entries of the book that are meant: how many, and one of them. */
size_t control_subject_entries(const struct controller *controller,
    const struct control_subject *subject, const struct book_entry **one);
/* Of an IP alone: whether one of the list is at it; not so where its host is a name. */
bool control_subject_is_in(const struct controller *controller,
    const struct control_subject *subject, enum node_list list);
/* The IP that the configuration gives an ID. */
bool control_subject_configured_ip(
    const struct controller *controller, const struct peer_id *id, struct ip *ip);
/* "persistent", "a seed" or "unconditional" if the configuration names it so; NULL: it does not. */
const char *control_subject_role(
    const struct controller *controller, const struct control_subject *subject);

#endif
