/* The control socket: JSON-RPC 2.0 over a Unix socket or TCP, one object a line, served by the
 * operations VM. Lua knows the methods (lua/ops/methods/), checks arguments against them and keeps
 * the limits; what a method does is one of the functions below, which the program gives.
 *
 *     client --line--> lua/ops/server.lua --request--> control_function
 *            <--line--                    <--answer---
 *
 * The socket has mode 0600 before anybody can connect to it. Over TCP the first line must be
 *
 *     {"jsonrpc":"2.0","id":0,"method":"auth","params":{"token":"..."}}
 *
 * within three seconds, else the connection ends; of too many that have not, the one that came
 * first goes. A slow client is never waited for.
 */
#ifndef OPS_CONTROL_H
#define OPS_CONTROL_H

#include "addr/addr.h"
#include "ops/ops.h"
#include <jansson.h>

#define CONTROL_CAUSE_MAX 512
#define CONTROL_CLIENTS_MAX 32
#define CONTROL_STRANGERS_MAX 32 /* over TCP, before they have shown their token */
#define CONTROL_PATH_MAX 107     /* bytes of a socket's path, which the system sets */

/* Codes of errors: those of JSON-RPC, and from the range it leaves free. */
enum control_code {
    CONTROL_BAD_ARGUMENT = -32602,
    CONTROL_INTERNAL = -32603,
    CONTROL_REFUSED = -32000, /* the node does not do that, and says why */
};

/* A question under way. Answer it exactly once, at once or later, on the loop's thread; it is gone
 * then. Whether anybody still wants to know does not matter. */
struct control_request;

/* An object whose fields the method's table describes: all there, of their type and in range.
 * Durations are seconds. Valid until the answer. */
const json_t *control_params(const struct control_request *request);
const char *control_text(const struct control_request *request, const char *name); /* NULL: none */
/* false, 0: not given. */
bool control_flag(const struct control_request *request, const char *name);
double control_number(const struct control_request *request, const char *name);

/* Takes result, an object; NULL: out of memory. */
void control_answer(struct control_request *request, json_t *result);
/* The same with a text that Lua knows to use; copied. NULL: out of memory. */
void control_answer_text(struct control_request *request, const char *text);
__attribute__((format(printf, 3, 4))) void control_refuse(
    struct control_request *request, enum control_code code, const char *format, ...);
/* An argument that only the node could check. */
void control_refuse_argument(
    struct control_request *request, const char *name, const char *expected, const char *got);

struct control_function {
    const char *name; /* "policy.load" */
    void (*run)(void *context, struct control_request *request);
};

/* Borrowed until the operations VM is closed. */
struct control {
    const struct control_function *functions;
    size_t functions_n;
    void *context;
    const char *token; /* that clients over TCP must show; secret. NULL: there is no TCP */
};

/* Serves the functions on a socket at `path`. One that a dead process left there is replaced.
 * ERR_FULL: a live process serves it; ERR_INVALID: the path is too long, or there is a file that is
 * no socket; ERR_IO; ERR_SCRIPT. cause (CONTROL_CAUSE_MAX bytes) is a sentence for people. */
enum err control_open(
    struct ops *ops, const char *path, const struct control *control, char *cause);

/* Serves them at a TCP address of this machine, too or alone; who has control->token comes in. A
 * port 0 becomes the one that the system chose. Errors and cause as above. */
enum err control_open_tcp(
    struct ops *ops, struct endpoint *at, const struct control *control, char *cause);

/* Closes what was opened and its clients; fine if nothing was. */
void control_close(struct ops *ops, const struct control *control);

#endif
