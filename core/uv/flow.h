/* Bytes between the socket and the link of a connection, both ways. Part of tcp.h's machine: the
 * functions below may end the connection (tcp_fail), so they are a caller's last look at it. */
#ifndef UV_FLOW_H
#define UV_FLOW_H

#include "uv/tcp.h"

/* Writes what the link has to write now and schedules the next look at it; a flushing connection
 * whose link is drained goes on to linger. */
void flow_progress(struct tcp *tcp);
/* Reads from now on, unless the peer has closed its sending side. */
void flow_read(struct tcp *tcp);
/* A held block or a pause in reading may be due; then as flow_progress. */
void flow_due(struct tcp *tcp);
/* The peer has not taken everything that was written. */
bool flow_has_unsent(const struct tcp *tcp);
/* Waits for the peer to close, for TCP_LINGER_MS from now. */
void flow_linger(struct tcp *tcp);
/* Frees a block that libuv does not need any more; one in flight frees itself. */
void flow_drop_block(struct tcp *tcp);
/* When flow_due has something to do; NEVER_MS: nothing of its own. */
int64_t flow_deadline_ms(const struct tcp *tcp);

#endif
