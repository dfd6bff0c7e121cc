/* PEX messages (wire.md 6.1, R10 - R15). One is the whole content of a channel-0x00 message. */
#ifndef WIRE_PEX_MESSAGE_H
#define WIRE_PEX_MESSAGE_H

#include "addr/addr.h"

#define PEX_MESSAGE_MAX 64000 /* bytes, also the channel's receive capacity (R14) */
#define PEX_SELECTION_MAX 250 /* addresses we ever send, and take from one list (F26) */

enum pex_kind { PEX_REQUEST, PEX_ADDRS };
#define PEX_KINDS 2

struct pex_message {
    enum pex_kind kind;
    /* PEX_ADDRS: */
    const struct addr *addrs; /* entries with a valid lower-case ID; the first PEX_SELECTION_MAX */
    size_t addrs_n;
    size_t listed_n;  /* entries on the wire */
    size_t bad_ids_n; /* entries skipped because their ID is not 40 lower-case hex characters */
    bool bad_address; /* some entry's IP or port does not parse: the whole list is void (R33) */
};

/* Room for the decoded entries of one message; reused from message to message, one per loop. */
struct pex_scratch {
    struct addr addrs[PEX_SELECTION_MAX];
};

/* Encodes into out (cap bytes, of no meaning after a failure). ERR_TOO_LONG when the result would
 * not fit or exceed PEX_MESSAGE_MAX. */
enum err pex_message_encode(const struct pex_message *message, uint8_t *out, size_t cap, size_t *n);
/* The result borrows from scratch. ERR_PEX_UNDECODABLE: bad bytes, or neither kind (R12). A list
 * with a bad entry decodes with bad_address set and no addrs. Memory use is bounded whatever the
 * bytes say. */
enum err pex_message_decode(
    struct span bytes, struct pex_scratch *scratch, struct pex_message *message);

#endif
