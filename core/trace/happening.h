/* What happened to a node, as short records made from its events and actions: each names the peer
 * and address it is about, which an event or action alone often does not. */
#ifndef TRACE_HAPPENING_H
#define TRACE_HAPPENING_H

#include "base/codec.h"
#include "base/recent.h"
#include "node/event.h"

#include <jansson.h>

#define HAPPENING_TEXT_MAX 383
#define HAPPENING_CONNS_MAX 65536 /* connections whose peer is remembered */

/* X(symbol, name) */
#define HAPPENING_LIST(X)                                                                          \
    X(STARTED, "started")                                                                          \
    X(ACCEPTED, "accepted") /* a socket */                                                         \
    X(REFUSED, "refused")   /* that socket, and why */                                             \
    X(DIALING, "dialing")                                                                          \
    X(CONNECTED, "connected") /* authenticated; text: its version */                               \
    X(DIAL_FAILED, "dial_failed")                                                                  \
    X(CLOSED, "closed")   /* by them, or broken */                                                 \
    X(CLOSING, "closing") /* by us, and why */                                                     \
    X(REQUEST, "request_received")                                                                 \
    X(LIST, "list_received") /* count: addresses */                                                \
    X(ASKED, "request_sent")                                                                       \
    X(ANSWERED, "list_sent") /* count: addresses */                                                \
    X(SEND_FAILED, "send_failed")                                                                  \
    X(RESOLVED, "resolved") /* count: addresses */                                                 \
    X(STORE_FAILED, "store_failed")                                                                \
    X(STORE_RECOVERED, "store_recovered") /* it had failed; the book is stored again */            \
    X(EXPORTED, "book_saved")                                                                      \
    X(COMMAND, "command")                 /* text: which; whom or what it is about */              \
    X(COMMAND_REFUSED, "command_refused") /* text: which, and why; whom it is about */             \
    X(SETTING, "setting_set")             /* text: name = value */                                 \
    X(POLICY, "policy_loaded")            /* text: name, version, hash, state */                   \
    X(POLICY_REFUSED, "policy_refused")   /* text: file, line and cause */                         \
    X(ROLLED_BACK, "policy_rolled_back")  /* text: its name and hash */                            \
    X(PROMOTED, "policy_promoted")        /* the same */                                           \
    X(PARAM, "param_set")                 /* text: name = value */                                 \
    X(SHADOW, "shadow_begun")             /* text: its name and hash */                            \
    X(SHADOW_END, "shadow_ended")                                                                  \
    X(GAVE_UP, "gave_up") /* text: why */

enum happening_kind {
#define HAPPENING_ENUM(symbol, name) HAPPENING_##symbol,
    HAPPENING_LIST(HAPPENING_ENUM)
#undef HAPPENING_ENUM
        HAPPENINGS
};

struct happening {
    enum happening_kind kind; /* apart from the body */
    uint64_t conn;            /* 0: none */
    struct addr addr;         /* id or at may be all-zero: unknown */
    bool is_range;            /* it is about all IPs with the first `bits` of addr.at.ip */
    uint8_t bits;
    enum err err;
    uint32_t count;
    char text[HAPPENING_TEXT_MAX + 1]; /* beside an error: the fact behind it (node/event.h) */
};

/* Remembers which peer a connection is; tells of each happening at once. */
struct happenings {
    struct recent conns;      /* number -> struct addr */
    struct happening command; /* told when its step is over, which says what became of it */
    uint64_t token;           /* of that command; 0: none waits */
    bool store_fails;
    void (*told)(void *context, const struct happening *happening);
    void *context;
};

void happenings_init(struct happenings *happenings,
    void (*told)(void *context, const struct happening *happening), void *context);
void happenings_free(struct happenings *happenings);
void happenings_event(struct happenings *happenings, const struct event *event);
void happenings_actions(struct happenings *happenings, const struct action *actions, size_t n);

const char *happening_name(enum happening_kind kind);
/* Another policy, or one that works otherwise: of interest to whoever asks about any peer. */
bool happening_is_of_policy(enum happening_kind kind);
/* All but the kind, both directions. */
void happening_code(struct codec *codec, struct happening *happening);
/* Of what happening_code wrote: the peer that it names; all-zero where it names none. */
struct addr happening_addr(struct span body);
/* Of a dial that met somebody else (ERR_WRONG_ID): whom; all-zero: none. */
struct peer_id happening_other(struct span body);
/* Whether that is about or names this ID (may be NULL), or is about this IP (may be NULL), at
 * `port` unless that is 0, or about a range with that IP. Where both are wanted, what names an ID
 * is met by that alone. */
bool happening_concerns(
    struct span body, const struct peer_id *id, const struct ip *ip, uint16_t port);
void happening_put_json(json_t *into, const char *name, struct span body);

#endif
