/* Peers and seeds that are configured: persistent, persistent add and remove, seeds, seeds add
 * and remove. */
#include "app/control/control_subject.h"
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
    int64_t wait_ms = peer->next_ms == NEVER_MS ? 0 : peer->next_ms - listing->now.mono_ms;
    if (row && peer->state == CONFIGURED_WAITS && wait_ms > 0)
        json_object_set_new(row, "retry_in_s", json_real((double)wait_ms / 1000));
    if (row && peer->error) {
        json_object_set_new(row, "error", json_string(err_name(peer->error)));
        json_object_set_new(row, "last_failure", json_string(err_text(peer->error)));
    }
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

/* ---- as settings ---- */

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

static const struct setting *setting_of(enum node_list list)
{
    return setting_find("p2p", list == NODE_SEEDS ? "seeds" : "persistent_peers");
}

/* As the setting is written in config.toml; heap. */
static char *written(const struct setting *setting, const struct address_list *list)
{
    size_t cap = list->n * (ADDR_TEXT_MAX + HOST_MAX + 1) + 1;
    struct settings made = {0};
    char *text = malloc(cap);
    *(struct address_list *)((char *)&made + setting->offset) = *list;
    if (text)
        setting_text(setting, &made, text, cap);
    return text;
}

bool control_is_configured(const struct setting *setting, enum node_list *list)
{
    *list = setting == setting_of(NODE_SEEDS) ? NODE_SEEDS : NODE_PERSISTENT;
    return setting == setting_of(*list);
}

char *control_configured_text(const struct controller *controller, enum node_list list)
{
    struct collecting found = {NULL, 0};
    node_configured(control_node(controller), list, collect, &found);
    const struct address_list all = {found.items, found.n};
    char *text = found.n == 0 || found.items ? written(setting_of(list), &all) : NULL;
    free(found.items);
    return text;
}

/* ---- changes ---- */

/* What of a list has changed. */
struct change {
    enum node_list list;
    struct peer_id id;
    const struct addr_text *added; /* NULL: the ID was removed */
};

static enum err save(const struct controller *controller, const struct change *change, char *cause)
{
    const struct setting *setting = setting_of(change->list);
    struct addr_text added = change->added ? *change->added : (struct addr_text){0};
    char *path = settings_path(controller->settings, SETTINGS_FILE);
    char *entry =
        change->added ? written(setting, &(struct address_list){.items = &added, .n = 1}) : NULL;
    bool is_complete = path && (entry || !change->added);
    enum err err =
        is_complete ? settings_save_entry(path, setting, &change->id, entry, cause) : ERR_NO_MEMORY;
    free(path);
    free(entry);
    return err;
}

/* The node has taken it. */
static void finish(struct controller *controller, struct control_request *request, json_t *result,
    const struct change *change)
{
    char cause[SETTINGS_SAVE_CAUSE_MAX] = "out of memory";
    bool saves = control_flag(request, "save");
    if (saves && save(controller, change, cause) != ERR_OK) {
        json_decref(result);
        control_refuse(request, CONTROL_REFUSED, "it holds, but is not saved: %s", cause);
        return;
    }
    json_object_set_new(result, "saved", json_boolean(saves));
    control_answer(request, result);
}

static void finish_adding(struct controller *controller, struct control_request *request,
    json_t *result, enum node_list list)
{
    struct addr_text added;
    addr_text_parse(span_of_text(control_text(request, "address")), &added, NULL);
    const struct change change = {.list = list, .id = added.id, .added = &added};
    finish(controller, request, result, &change);
}

static void finish_persistent(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish_adding(controller, request, result, NODE_PERSISTENT);
}

static void finish_seeds(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish_adding(controller, request, result, NODE_SEEDS);
}

static void finish_removing(struct controller *controller, struct control_request *request,
    json_t *result, enum node_list list)
{
    struct change change = {.list = list};
    const char *removed = json_string_value(json_object_get(result, "removed"));
    peer_id_parse(span_of_text(removed), &change.id);
    finish(controller, request, result, &change);
}

static void finish_removing_persistent(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish_removing(controller, request, result, NODE_PERSISTENT);
}

static void finish_removing_seed(
    struct controller *controller, struct control_request *request, json_t *result)
{
    finish_removing(controller, request, result, NODE_SEEDS);
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

static void remove_configured(
    struct controller *controller, struct control_request *request, enum node_list list)
{
    bool seeds = list == NODE_SEEDS;
    struct node_command command = {.kind = seeds ? COMMAND_SEED_REMOVE : COMMAND_PERSISTENT_REMOVE};
    enum control_scope scope = seeds ? CONTROL_SEEDS : CONTROL_PERSISTENT;
    const char *text = control_text(request, "id");
    bool is_id;
    if (!control_read_id(controller, request, text, scope, &command.id, &is_id))
        return;
    const struct control_subject subject = {.has_id = true, .id = command.id};
    if (!is_id || !control_subject_is_in(controller, &subject, list)) {
        control_refuse(request, CONTROL_REFUSED, "not removed: %s is no %s; see luapex ctl %s",
            text, seeds ? "seed" : "persistent peer", seeds ? "seeds" : "persistent");
        return;
    }
    control_command_then(controller, request, &command, "not removed",
        json_pack("{s:o}", "removed", control_id(&command.id)),
        seeds ? finish_removing_seed : finish_removing_persistent);
}

void control_persistent_remove(void *context, struct control_request *request)
{
    remove_configured(context, request, NODE_PERSISTENT);
}

void control_seeds_remove(void *context, struct control_request *request)
{
    remove_configured(context, request, NODE_SEEDS);
}
