#include "app/policy/policy_trial.h"

#include <stdlib.h>
#include <string.h>

struct policy_trial {
    uv_work_t work;
    struct script_settings settings;
    struct control_request *request;
    struct script_file files[CONTROL_FILES_MAX];
    struct script_source source;
    struct script_prepared *prepared;
    struct script_error error;
    policy_tried tried;
    void *context;
};

static struct span text_of(const json_t *json)
{
    return span_of(json_string_value(json), json_string_length(json));
}

static int by_name(const void *a, const void *b)
{
    const struct script_file *one = a, *other = b;
    return strcmp(one->name, other->name);
}

struct script_source policy_trial_source(
    const struct control_request *request, struct script_file files[CONTROL_FILES_MAX])
{
    const json_t *given = json_object_get(control_params(request), "source");
    struct script_source source = {.name = json_string_value(json_object_get(given, "name")),
        .text = text_of(json_object_get(given, "text")),
        .files = files};
    const char *name;
    json_t *text;
    json_object_foreach(json_object_get(given, "files"), name, text)
    {
        if (source.files_n < CONTROL_FILES_MAX)
            files[source.files_n++] = (struct script_file){name, text_of(text)};
    }
    qsort(files, source.files_n, sizeof *files, by_name); /* as from a folder */
    return source;
}

static void try_out(uv_work_t *work)
{
    struct policy_trial *trial = work->data;
    trial->error = (struct script_error){.outcome = SCRIPT_ERROR};
    if (script_prepare(&trial->settings, &trial->source, &trial->prepared, NULL, &trial->error) !=
        ERR_OK)
        trial->prepared = NULL;
}

static void on_tried(uv_work_t *work, int status)
{
    struct policy_trial *trial = work->data;
    (void)status;
    trial->tried(trial->context, trial->request, trial->prepared, &trial->error);
    free(trial);
}

enum err policy_trial_begin(uv_loop_t *loop, const struct script_settings *settings,
    struct control_request *request, policy_tried tried, void *context)
{
    struct policy_trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return ERR_NO_MEMORY;
    trial->settings = *settings;
    trial->settings.log = (struct log){.level = LOG_NONE}; /* it is on another thread */
    trial->request = request;
    trial->source = policy_trial_source(request, trial->files);
    trial->tried = tried;
    trial->context = context;
    trial->work.data = trial;
    if (uv_queue_work(loop, &trial->work, try_out, on_tried) == 0)
        return ERR_OK;
    free(trial);
    return ERR_NO_MEMORY;
}
