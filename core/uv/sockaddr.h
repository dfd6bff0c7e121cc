/* Between our endpoints and the system's socket addresses, and between its errors and ours. */
#ifndef UV_SOCKADDR_H
#define UV_SOCKADDR_H

#include "addr/addr.h"
#include <sys/socket.h>

/* IPv4 becomes AF_INET, everything else AF_INET6. Returns the size in use. */
socklen_t sockaddr_of_endpoint(const struct endpoint *at, struct sockaddr_storage *out);
/* All-zero for families that are not IP. */
struct endpoint sockaddr_to_endpoint(const struct sockaddr *from);

/* The err of a libuv (negative errno) code: UV_ECONNREFUSED -> ERR_REFUSED, UV_EOF ->
 * ERR_CLOSED_BY_PEER, UV_EHOSTUNREACH -> ERR_HOST_UNREACHABLE (the address is to blame), a lack of
 * routes, ports or permission of our own -> ERR_UNREACHABLE ... */
enum err err_of_uv(int code);

#endif
