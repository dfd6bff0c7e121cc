#include "uv/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <uv.h>

socklen_t sockaddr_of_endpoint(const struct endpoint *at, struct sockaddr_storage *out)
{
    *out = (struct sockaddr_storage){0};
    if (ip_is_v4(&at->ip)) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)out;
        v4->sin_family = AF_INET;
        v4->sin_port = htons(at->port);
        memcpy(&v4->sin_addr, at->ip.bytes + 12, 4);
        return sizeof *v4;
    }
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(at->port);
    memcpy(&v6->sin6_addr, at->ip.bytes, 16);
    return sizeof *v6;
}

struct endpoint sockaddr_to_endpoint(const struct sockaddr *from)
{
    struct endpoint at = {0};
    if (from->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        at.ip = ip_of_v4(ntohl(v4->sin_addr.s_addr));
        at.port = ntohs(v4->sin_port);
    } else if (from->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        memcpy(at.ip.bytes, &v6->sin6_addr, 16);
        at.port = ntohs(v6->sin6_port);
    }
    return at;
}

enum err err_of_uv(int code)
{
    switch (code) {
    case 0:
        return ERR_OK;
    case UV_EOF:
        return ERR_CLOSED_BY_PEER;
    case UV_ECONNREFUSED:
        return ERR_REFUSED;
    case UV_ETIMEDOUT:
        return ERR_TIMEOUT;
    case UV_ECONNRESET:
    case UV_ECONNABORTED:
    case UV_EPIPE:
        return ERR_RESET;
    case UV_EHOSTUNREACH: /* a router or the last network answered: our own route works */
    case UV_EHOSTDOWN:
        return ERR_HOST_UNREACHABLE;
    case UV_ENETUNREACH:
    case UV_ENETDOWN:
    case UV_EADDRNOTAVAIL:
    case UV_EADDRINUSE:
    case UV_EAFNOSUPPORT:
    case UV_EACCES:
    case UV_EPERM:
        return ERR_UNREACHABLE;
    case UV_EMFILE:
    case UV_ENFILE:
        return ERR_NO_DESCRIPTORS;
    case UV_ENOMEM:
    case UV_ENOBUFS:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}
