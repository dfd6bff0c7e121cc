/* Peers and seeds that are configured: persistent, persistent add and remove, seeds, seeds add. */
#include "app/control/control_inside.h"
#include "app/settings/settings_save.h"
#include "app/settings/settings_text.h"

#include <stdlib.h>

/* ---- the lists ---- */

struct configured_listing {
    json_t *rows;
    struct now now;
};

static void add_row(void *context, const struct node_configured *peer)
{
    static const char *const states[] = {
        "waiting", "connected", "dialing", "resolving", "ourselves"};
    struct configured_listing *listing = context;
    char host[HOST_MAX + 1 + 6], at[ADDR_TEXT_MAX];
    struct endpoint literal = {peer->text->ip, peer->text->port};
    if (peer->text->is_name)
        snprintf(host, sizeof host, "%s:%u", peer->text->host, peer->text->port);
    json_t *row = json_pack("{s:o, s:s, s:s, s:I}", "id", control_id(&peer->text->id), "host",
        peer->text->is_name ? host : endpoint_to_text(&literal, at), "state", states[peer->state],
        "failures", (json_int_t)peer->failures);
    if (row && peer->state == CONFIGURED_WAITS && peer->next_ms != NEVER_MS)
        json_object_set_new(
            row, "retry_in_s", json_real((double)(peer->next_ms - listing->now.mono_ms) / 1000));
    json_array_append_new(listing->rows, row);
}

static void list_configured(const struct controller *controller, struct control_request *request,
    enum node_list list, const char *member)
{
    struct configured_listing listing = {json_array(), control_now(controller)};
    node_configured(control_node(controller), list, add_row, &listing);
    control_answer(request, json_pack("{s:o}", member, listing.rows));
}

void control_persistent(void *context, struct control_request *request)
{
    list_configured(context, request, NODE_PERSISTENT, "persistent");
}

void control_seeds(void *context, struct control_request *request)
{
    list_configured(context, request, NODE_SEEDS, "seeds");
}

/* ---- changes ---- */

struct collecting {
    struct addr_text *items; /* NULL: out of memory */
    size_t n;
};

static void collect(void *context, const struct node_configured *peer)
{
    struct collecting *list = context;
    struct addr_text *grown =
        list->n == 0 || list->items ? realloc(list->items, (list->n + 1) * sizeof *grown) : NULL;
    if (!grown)
        free(list->items);
    else
        grown[list->n] = *peer->text;
    list->items = grown;
    list->n++;
}

/* As the setting is written in config.toml; heap. */
static char *list_text(
    const struct controller *controller, const struct setting *setting, enum node_list list)
{
    struct collecting found = {NULL, 0};
    node_configured(control_node(controller), list, collect, &found);
    size_t cap = found.n * (ADDR_TEXT_MAX + HOST_MAX + 1) + 1;
    char *text = found.n == 0 || found.items ? malloc(cap) : NULL;
    struct settings written = {0};
    *(struct address_list *)((char *)&written + setting->offset) =
        (struct address_list){found.items, found.n};
    if (text)
        setting_text(setting, &written, text, cap);
    free(found.items);
    return text;
}

static enum err save(const struct controller *controller, enum node_list list, char *cause)
{
    const struct setting *setting =
        setting_find("p2p", list == NODE_SEEDS ? "seeds" : "persistent_peers");
    char *path = settings_path(controller->settings, SETTINGS_FILE);
    char *text = list_text(controller, setting, list);
    enum err err = path && text ? settings_save(path, setting, text, cause) : ERR_NO_MEMORY;
    free(path);
    free(text);
    return err;
}

/* The node has taken it. */
static void finish(struct controller *controller, struct control_request *request, json_t *result,
    enum node_list list)
{
    char cause[SETTINGS_SAVE_CAUSE_MAX] = "out of memory";
    bool saves = control_flag(request, "save");
    if (saves && save(controller, list, cause) != ERR_OK) {
        json_decref(result);
        control_refuse(request, CONTROL_REFUSED, "it holds, but is not saved: %s", cause);
        return;
    }
    json_object_set_new(result, "saved", json_boolean(saves));
    control_answer(request, result);
}

static void finish_persistent(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish(controller, request, result, NODE_PERSISTENT);
}

static void finish_seeds(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish(controller, request, result, NODE_SEEDS);
}

void control_configured_add(struct controller *controller, struct control_request *request,
    enum command_kind kind, const char *member)
{
    struct addr_text text;
    if (!control_read_address(request, &text))
        return;
    struct node_command command = {.kind = kind, .peer = &text};
    control_command_then(controller, request, &command, "not added",
        control_address_json(request, member),
        kind == COMMAND_SEED_ADD ? finish_seeds : finish_persistent);
}

void control_persistent_add(void *context, struct control_request *request)
{
    control_configured_add(context, request, COMMAND_PERSISTENT_ADD, "added");
}

void control_seeds_add(void *context, struct control_request *request)
{
    control_configured_add(context, request, COMMAND_SEED_ADD, "added");
}

void control_persistent_remove(void *context, struct control_request *request)
{
    struct node_command command = {.kind = COMMAND_PERSISTENT_REMOVE};
    const char *text = control_text(request, "id");
    if (peer_id_parse(span_of_text(text), &command.id) != ERR_OK) {
        control_refuse_argument(request, "id", "a node ID: 40 hexadecimal digits", text);
        return;
    }
    control_command_then(context, request, &command, "not removed",
        json_pack("{s:s}", "removed", text), finish_persistent);
}
