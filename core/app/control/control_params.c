/* Parameters of the policy: params, policy set. */
#include "app/control/control_policy_inside.h"
#include "app/settings/settings_list.h"
#include "trace/decision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- as JSON ---- */

static json_t *list_json(const char *list)
{
    json_t *items = json_array();
    for (struct span item; (item = settings_list_take(&list)).at;) {
        char *text = strndup((const char *)item.at, item.n);
        json_array_append_new(items, text ? report_text(text) : NULL);
        free(text);
    }
    return items;
}

/* What `policy set` takes as text. */
static json_t *value_json(const char *kind, const char *text)
{
    if (strcmp(kind, "number") == 0)
        return decision_number_json(strtod(text, NULL));
    if (strcmp(kind, "boolean") == 0)
        return json_boolean(strcmp(text, "true") == 0);
    return strcmp(kind, "list") == 0 ? list_json(text) : report_text(text);
}

/* ---- params ---- */

static void put_bound(json_t *into, const char *name, double bound)
{
    if (isfinite(bound))
        json_object_set_new(into, name, decision_number_json(bound));
}

static void add_param(void *context, const struct script_param *param)
{
    json_t *row = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "name", report_text(param->name),
        "value", value_json(param->kind, param->value), "default",
        value_json(param->kind, param->initial), "unit",
        report_text(param->unit ? param->unit : ""), "doc",
        report_text(param->doc ? param->doc : ""), "policy", report_text(param->policy), "kind",
        param->kind);
    put_bound(row, "min", param->min);
    put_bound(row, "max", param->max);
    json_array_append_new(context, row);
}

json_t *control_params_json(struct script *script)
{
    json_t *rows = json_array();
    script_params(script, add_param, rows);
    return rows;
}

void control_params_list(void *context, struct control_request *request)
{
    json_t *rows = control_params_json(control_script(context));
    control_answer(request, json_pack("{s:o}", "params", rows));
}

/* ---- policy set ---- */

struct finding {
    const char *name;
    json_t *value; /* NULL: not found yet */
};

static void find(void *context, const struct script_param *param)
{
    struct finding *finding = context;
    if (!finding->value && strcmp(param->name, finding->name) == 0)
        finding->value = value_json(param->kind, param->value);
}

/* NULL: no parameter has that name. */
static json_t *param_json(struct script *script, const char *name)
{
    struct finding finding = {name, NULL};
    script_params(script, find, &finding);
    return finding.value;
}

static void tell_set(const struct controller *controller, const char *name)
{
    char value[HAPPENING_TEXT_MAX + 1] = "", text[HAPPENING_TEXT_MAX + 1];
    script_param_get(control_script(controller), name, value, sizeof value);
    snprintf(text, sizeof text, "%s = %.300s", name, value);
    journal_note(controller->runner->journal, control_now(controller), HAPPENING_PARAM, text);
}

void control_policy_set(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    struct script *script = control_script(controller);
    const char *name = control_text(request, "param");
    struct script_error error = {0};
    json_t *was = param_json(script, name);
    if (script_param_set(script, name, control_text(request, "value"), &error) != ERR_OK) {
        char text[SCRIPT_ERROR_TEXT_MAX];
        control_refuse(request, was ? CONTROL_BAD_ARGUMENT : CONTROL_REFUSED, "not set: %s",
            script_error_text(&error, text));
        json_decref(was);
        return;
    }
    tell_set(controller, name);
    control_answer(request,
        json_pack("{s:o, s:o, s:o}", "set", report_text(name), "was", was, "is",
            param_json(script, name)));
}
