#include "app/control/control_inside.h"
#include "crypto/node_key.h"
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

void control_put_unstored(const struct controller *controller, json_t *result)
{
    const struct host_storing *storing = host_storing(controller->runner->host);
    if (storing->failing_since_ms != 0)
        json_object_set_new(result, "not_stored",
            json_sprintf(
                "it holds, but is not stored yet and lost if the node stops: %s", storing->why));
}

/* ---- commands ---- */

struct controller_wait {
    struct control_request *request;
    uint64_t token;
    const char *what;
    json_t *result;
    const char *count;
    control_then *then; /* NULL: the result is the answer */
    struct controller_wait *next;
};

static void refuse(const struct controller_wait *wait, const struct node_answer *answer)
{
    bool has_detail = answer->detail != NULL;
    control_refuse(wait->request, CONTROL_REFUSED, "%s: %s%s%s%s", wait->what,
        err_text(answer->err), has_detail ? " (" : "", has_detail ? answer->detail : "",
        has_detail ? ")" : "");
}

static void finish(
    struct controller *controller, struct controller_wait *wait, const struct node_answer *answer)
{
    if (answer->err) {
        refuse(wait, answer);
        json_decref(wait->result);
    } else if (wait->then) {
        wait->then(controller, wait->request, wait->result);
    } else {
        if (wait->count)
            json_object_set_new(wait->result, wait->count, json_integer(answer->n));
        control_answer(wait->request, wait->result);
    }
    free(wait);
}

static void on_answered(void *context, const struct node_answer *answer)
{
    struct controller *controller = context;
    for (struct controller_wait **at = &controller->waits; *at; at = &(*at)->next) {
        struct controller_wait *wait = *at;
        if (wait->token != answer->token)
            continue;
        *at = wait->next;
        finish(controller, wait, answer);
        return;
    }
}

static void give(struct controller *controller, const struct controller_wait *given,
    struct node_command *command)
{
    struct controller_wait *wait = calloc(1, sizeof *wait);
    if (!wait || !given->result) {
        free(wait);
        json_decref(given->result);
        control_refuse(given->request, CONTROL_INTERNAL, "out of memory");
        return;
    }
    command->token = ++controller->token;
    *wait = *given;
    wait->token = command->token;
    wait->next = controller->waits;
    controller->waits = wait;
    runner_command(controller->runner, command);
}

void control_command(struct controller *controller, struct control_request *request,
    struct node_command *command, const char *what, json_t *result, const char *count)
{
    const struct controller_wait wait = {
        .request = request, .what = what, .result = result, .count = count};
    give(controller, &wait, command);
}

void control_command_then(struct controller *controller, struct control_request *request,
    struct node_command *command, const char *what, json_t *result, control_then *then)
{
    const struct controller_wait wait = {
        .request = request, .what = what, .result = result, .then = then};
    give(controller, &wait, command);
}

/* ---- life ---- */

static void open_socket(struct controller *controller, const struct settings *settings)
{
    const struct log *log = &controller->runner->options.log;
    char cause[CONTROL_CAUSE_MAX] = "out of memory";
    char *path = settings_path(settings, settings->control.socket);
    if (!path || control_open(controller->ops, path, &controller->control, cause) != ERR_OK)
        log_write(log, LOG_ERROR, "no control socket", LOG_TEXT("error", cause));
    else
        log_write(log, LOG_DEBUG, "control socket", LOG_TEXT("path", path));
    free(path);
}

static enum err read_token(
    struct controller *controller, const struct settings *settings, char *cause)
{
    char *path = settings_path(settings, settings->control.token_file);
    enum err err = path ? control_token(path, controller->secret, cause) : ERR_NO_MEMORY;
    free(path);
    controller->control.token = controller->secret;
    return err;
}

static void open_tcp(struct controller *controller, const struct settings *settings)
{
    const struct log *log = &controller->runner->options.log;
    char cause[CONTROL_CAUSE_MAX] = "out of memory", text[ADDR_TEXT_MAX];
    struct endpoint at = {settings->control.laddr.at.ip, settings->control.laddr.at.port};
    if (read_token(controller, settings, cause) != ERR_OK ||
        control_open_tcp(controller->ops, &at, &controller->control, cause) != ERR_OK)
        log_write(log, LOG_ERROR, "no control socket over TCP", LOG_TEXT("error", cause));
    else
        log_write(log, LOG_INFO, "control socket over TCP",
            LOG_TEXT("addr", endpoint_to_text(&at, text)));
}

void controller_open(struct controller *controller)
{
    struct runner *runner = controller->runner;
    const struct settings *settings = runner->options.settings;
    controller->control =
        (struct control){functions, sizeof functions / sizeof *functions, controller, NULL};
    controller->started_ms = control_now(controller).mono_ms;
    runner->answered = on_answered;
    runner->answered_context = controller;
    if (*settings->control.socket)
        open_socket(controller, settings);
    if (*settings->control.laddr.text)
        open_tcp(controller, settings);
}

void controller_close(struct controller *controller)
{
    controller->is_closed = true;
    while (controller->waits) {
        struct controller_wait *wait = controller->waits;
        controller->waits = wait->next;
        finish(controller, wait, &(struct node_answer){.err = ERR_STOPPING});
    }
    if (controller->ops)
        control_close(controller->ops, &controller->control);
    json_decref(controller->next_start);
    controller->next_start = NULL;
    crypto_wipe(controller->secret, sizeof controller->secret);
}
