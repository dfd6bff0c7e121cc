/* What the files behind the control socket share: control_*.c and controller.c. */
#ifndef APP_CONTROL_INSIDE_H
#define APP_CONTROL_INSIDE_H

#include "app/control/controller.h"
#include "app/settings/settings_table.h"
#include "app/text/report_json.h"

/* Every method: its name on the socket and its function. */
#define CONTROL_METHODS(X)                                                                         \
    X("status", status)                                                                            \
    X("save", save)                                                                                \
    X("stop", stop)                                                                                \
    X("peers", peers)                                                                              \
    X("dial", dial)                                                                                \
    X("disconnect", disconnect)                                                                    \
    X("persistent", persistent)                                                                    \
    X("persistent.add", persistent_add)                                                            \
    X("persistent.remove", persistent_remove)                                                      \
    X("seeds", seeds)                                                                              \
    X("seeds.add", seeds_add)                                                                      \
    X("seeds.remove", seeds_remove)                                                                \
    X("book", book)                                                                                \
    X("book.find", book_find)                                                                      \
    X("book.show", book_show)                                                                      \
    X("book.map", book_map)                                                                        \
    X("bans", bans)                                                                                \
    X("ban", ban)                                                                                  \
    X("unban", unban)                                                                              \
    X("policy", policy)                                                                            \
    X("policy.load", policy_load)                                                                  \
    X("policy.rollback", policy_rollback)                                                          \
    X("policy.set", policy_set)                                                                    \
    X("policy.shadow", policy_shadow)                                                              \
    X("policy.promote", policy_promote)                                                            \
    X("params", params_list)                                                                       \
    X("explain", explain)                                                                          \
    X("event lines", event_lines)                                                                  \
    X("metrics", metrics)                                                                          \
    X("settings", settings)                                                                        \
    X("set", set)                                                                                  \
    X("log", log)

#define CONTROL_DECLARE(name, function)                                                            \
    void control_##function(void *controller, struct control_request *request);
CONTROL_METHODS(CONTROL_DECLARE)
#undef CONTROL_DECLARE

struct node *control_node(const struct controller *controller);
struct now control_now(const struct controller *controller);

typedef void control_then(
    struct controller *controller, struct control_request *request, json_t *result);

/* Gives the node a command. Answers with `result`, which is taken, once the node did it; its member
 * `count` (NULL: none) becomes what the node counted. Refuses with why not, about `what`. */
void control_command(struct controller *controller, struct control_request *request,
    struct node_command *command, const char *what, json_t *result, const char *count);

/* The same, and `then` answers: it takes the result, once the node did it. */
void control_command_then(struct controller *controller, struct control_request *request,
    struct node_command *command, const char *what, json_t *result, control_then *then);

/* Adds the argument "address" to a list, persistent peers or seeds by `kind`. */
void control_configured_add(struct controller *controller, struct control_request *request,
    enum command_kind kind, const char *member);
/* Whether a setting is one of the node's lists; they change while it runs. */
bool control_is_configured(const struct setting *setting, enum node_list *list);
/* The list as it is now, as in config.toml; heap, NULL: out of memory. */
char *control_configured_text(const struct controller *controller, enum node_list list);
/* The value of a setting changed from `old` to what it is now; saved: config.toml says so too. What
 * the next start will find is kept. */
void control_note_change(
    struct controller *controller, const struct setting *setting, const char *old, bool is_saved);
/* What the next start will find, where that may be another value than now; NULL: the same. */
const char *control_next_start(const struct controller *controller, const struct setting *setting);
/* The flag or variable that outranks config.toml, in words; as an object's optional member: NULL,
 * which is left out, where there is none. */
json_t *control_outranked_by(const struct controller *controller, const struct setting *setting);
/* The argument "address"; false: refused. */
bool control_read_address(struct control_request *request, struct addr_text *text);
json_t *control_address_json(struct control_request *request, const char *member);

/* A connected peer from text: its ID, the beginning of one, or its IP and port. false: refused. */
bool control_find_peer(struct controller *controller, struct control_request *request,
    const char *name, struct node_peer *peer);

/* Adds to what changes the book that this is not stored yet, where the store fails. */
void control_put_unstored(const struct controller *controller, json_t *result);

json_t *control_id(const struct peer_id *id);
json_t *control_endpoint(const struct endpoint *at);

#endif
