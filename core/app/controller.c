#include "app/control_inside.h"
#include "uv/machine.h"
#include <stdlib.h>
#include <string.h>

static const struct control_function functions[] = {
#define FUNCTION(name, function) {name, control_##function},
    CONTROL_METHODS(FUNCTION)
#undef FUNCTION
};

struct node *control_node(const struct controller *controller)
{
    return controller->runner->node;
}

struct now control_now(const struct controller *controller)
{
    return machine_now(controller->runner->options.workspace->loop);
}

json_t *control_id(const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    return json_string(peer_id_text(id, text));
}

json_t *control_endpoint(const struct endpoint *at)
{
    char text[ADDR_TEXT_MAX];
    return json_string(endpoint_to_text(at, text));
}

/* ---- commands ---- */

struct controller_wait {
    struct control_request *request;
    uint64_t token;
    const char *what;
    json_t *result;
    const char *count;
    struct controller_wait *next;
};

static void finish(struct controller_wait *wait, enum err err, uint32_t n)
{
    if (err) {
        control_refuse(wait->request, CONTROL_REFUSED, "%s: %s", wait->what, err_text(err));
        json_decref(wait->result);
    } else {
        if (wait->count)
            json_object_set_new(wait->result, wait->count, json_integer(n));
        control_answer(wait->request, wait->result);
    }
    free(wait);
}

static void on_answered(void *context, uint64_t token, enum err err, uint32_t n)
{
    struct controller *controller = context;
    for (struct controller_wait **at = &controller->waits; *at; at = &(*at)->next) {
        struct controller_wait *wait = *at;
        if (wait->token != token)
            continue;
        *at = wait->next;
        finish(wait, err, n);
        return;
    }
}

void control_command(struct controller *controller, struct control_request *request,
    struct node_command *command, const char *what, json_t *result, const char *count)
{
    struct controller_wait *wait = calloc(1, sizeof *wait);
    if (!wait || !result) {
        free(wait);
        json_decref(result);
        control_refuse(request, CONTROL_INTERNAL, "out of memory");
        return;
    }
    command->token = ++controller->token;
    *wait =
        (struct controller_wait){request, command->token, what, result, count, controller->waits};
    controller->waits = wait;
    runner_command(controller->runner, command);
}

/* ---- life ---- */

void controller_open(struct controller *controller)
{
    struct runner *runner = controller->runner;
    const struct settings *settings = runner->options.settings;
    char cause[CONTROL_CAUSE_MAX] = "out of memory";
    if (!*settings->control.socket)
        return;
    controller->control =
        (struct control){functions, sizeof functions / sizeof *functions, controller};
    controller->started_ms = control_now(controller).mono_ms;
    runner->answered = on_answered;
    runner->answered_context = controller;
    char *path = settings_path(settings, settings->control.socket);
    if (!path || control_open(controller->ops, path, &controller->control, cause) != ERR_OK)
        log_write(&runner->options.log, LOG_ERROR, "no control socket", LOG_TEXT("error", cause));
    else
        log_write(&runner->options.log, LOG_DEBUG, "control socket", LOG_TEXT("path", path));
    free(path);
}

void controller_close(struct controller *controller)
{
    controller->is_closed = true;
    while (controller->waits) {
        struct controller_wait *wait = controller->waits;
        controller->waits = wait->next;
        finish(wait, ERR_STOPPING, 0);
    }
    if (controller->ops)
        control_close(controller->ops, &controller->control);
}
