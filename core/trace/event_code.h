/* Events through base/codec.h: everything a node may read of one. */
#ifndef TRACE_EVENT_CODE_H
#define TRACE_EVENT_CODE_H

#include "base/codec.h"
#include "node/event.h"

#include <jansson.h>

#define EVENT_TEXT_MAX DETAIL_MAX

/* What a read event points to. */
struct event_room {
    struct node_info info;
    struct pex_message message;
    struct addr addrs[PEX_SELECTION_MAX];
    struct ip ips[RESOLVED_MAX];
    struct addr_text peer;
    char text[EVENT_TEXT_MAX + 1];
    struct book_changes rows; /* freed by the next use, or event_room_free */
};

/* room: of a reader; a writer may pass NULL. */
void event_code(struct codec *codec, struct event *event, struct event_room *room);
void event_room_free(struct event_room *room);
/* NULL: out of memory. */
json_t *event_json(const struct event *event);

/* Connection numbers, inbound or outbound alike in few bytes; {connection, direction}. */
void code_conn(struct codec *codec, uint64_t *conn);
void conn_put_json(json_t *into, uint64_t conn);

#endif
