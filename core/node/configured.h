/* What configured.c, seeds.c and persistent.c share. */
#ifndef NODE_CONFIGURED_H
#define NODE_CONFIGURED_H

#include "node/state.h"

/* Tokens of look-ups: the index of a seed, or of a persistent peer and this bit. */
#define CONFIGURED_PERSISTENT (UINT64_C(1) << 32)

/* NULL: not one of them. */
struct configured_peer *configured_persistent(const struct node *node, const struct peer_id *id);
struct configured_peer *configured_seed(const struct node *node, const struct peer_id *id);
/* Asks the host for the addresses of a peer's name. */
void configured_resolve(struct step *step, struct configured_peer *peer, uint64_t token);
void configured_set_address(struct configured_peer *peer, const struct ip *ip);

/* A new place at the end of a list of *n; NULL: out of memory or CONFIGURED_MAX. */
struct configured_peer *configured_grow(struct configured_peer **list, uint32_t *n);
/* One that nobody has, nor an answer to a look-up still under way, or a new one. */
struct configured_peer *configured_place(struct configured_peer **list, uint32_t *n);
#define CONFIGURED_MAX 4096

/* What an operator adds while the node runs. ERR_ADDR_SELF, ERR_FULL, ERR_LISTED. */
enum err seeds_add(struct step *step, const struct addr_text *text);
enum err persistent_add(struct step *step, const struct addr_text *text);
/* ERR_NOT_FOUND. */
enum err seeds_remove(struct step *step, const struct peer_id *id);
enum err persistent_remove(struct step *step, const struct peer_id *id);

void seeds_start(struct step *step, uint32_t i);
/* R6: with seeds configured, one must resolve unless the book has addresses. */
void seeds_check(struct step *step);
void seeds_answered(struct step *step, struct configured_peer *seed, const struct event *event);

void persistent_start(struct step *step, struct configured_peer *peer);
/* Its time has come: looks its name up, or dials it. */
void persistent_due(struct step *step, uint32_t i);
void persistent_answered(
    struct step *step, struct configured_peer *peer, const struct event *event);

#endif
