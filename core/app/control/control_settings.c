/* Settings that change while the node runs: settings, set, log. */
#include "app/control/control_inside.h"
#include "app/settings/settings_parts.h"
#include "app/settings/settings_save.h"
#include "app/settings/settings_text.h"
#include "app/settings/settings_value.h"
#include "app/settings/settings_variable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From when another value holds. */
enum holds { HOLDS_NOW, HOLDS_NEVER_CHANGES, HOLDS_RESTART };

static const char *const holds_names[] = {"at once", "has no effect", "after a restart"};

/* ---- which settings reach the node ---- */

/* A command for every live field that differs; returns how many. */
static unsigned commands_of(const struct node_settings *before, const struct node_settings *after,
    struct node_command *commands, unsigned max)
{
    unsigned n = 0;
#define COMPARE(type, field)                                                                       \
    if (before->field != after->field && n < max) {                                                \
        commands[n] = (struct node_command){.kind = COMMAND_SET};                                  \
        commands[n].set.setting = NODE_SETTING_##field;                                            \
        commands[n++].set.value = (int64_t)after->field;                                           \
    }
    NODE_LIVE_SETTINGS(COMPARE)
#undef COMPARE
    return n;
}

#define CHANGES_MAX 4 /* fields of the node that one setting decides */

/* Whatever its value is: does another one reach a live field? */
static enum holds holds_of(const struct setting *setting, const struct settings *settings)
{
    struct settings other = *settings; /* a copy to look at: its lists are not touched */
    struct node_settings before = {0}, after = {0};
    struct node_command commands[CHANGES_MAX];
    void *field = (char *)&other + setting->offset;
    if (setting->is_unused)
        return HOLDS_NEVER_CHANGES;
    if (setting->type == SETTING_LOG_LEVEL)
        return HOLDS_NOW;
    if (setting->type == SETTING_BOOLEAN)
        *(bool *)field = !*(bool *)field;
    else if (setting->type == SETTING_INTEGER || setting->type == SETTING_DURATION)
        *(int64_t *)field += *(int64_t *)field < setting->max ? 1 : -1;
    else
        return HOLDS_RESTART;
    settings_of_node(settings, &before);
    settings_of_node(&other, &after);
    return commands_of(&before, &after, commands, CHANGES_MAX) > 0 ? HOLDS_NOW : HOLDS_RESTART;
}

/* ---- what the next start will find ---- */

/* Of a setting whose value now may differ from the one at the next start; value NULL: not so. */
static void note_next_start(
    struct controller *controller, const struct setting *setting, const char *value)
{
    if (!controller->next_start)
        controller->next_start = json_object();
    if (value)
        json_object_set_new(controller->next_start, setting_name(setting), report_text(value));
    else
        json_object_del(controller->next_start, setting_name(setting));
}

const char *control_next_start(const struct controller *controller, const struct setting *setting)
{
    return json_string_value(json_object_get(controller->next_start, setting_name(setting)));
}

/* As an object's optional member: NULL, which is left out, where it is the value now. */
static json_t *next_start_json(const struct controller *controller, const struct setting *setting)
{
    char now[SETTING_TEXT_MAX];
    const char *text = control_next_start(controller, setting);
    bool differs =
        text && strcmp(text, setting_text(setting, controller->settings, now, sizeof now)) != 0;
    return differs ? json_string(text) : NULL;
}

static const char *outranked_by(const struct controller *controller, const struct setting *setting,
    char name[SETTINGS_VARIABLE_MAX])
{
    return settings_outranked_by(controller->settings, setting, environ, name);
}

static bool is_outranked(const struct controller *controller, const struct setting *setting)
{
    char name[SETTINGS_VARIABLE_MAX];
    return outranked_by(controller, setting, name) != NULL;
}

json_t *control_outranked_by(const struct controller *controller, const struct setting *setting)
{
    char name[SETTINGS_VARIABLE_MAX];
    const char *by = outranked_by(controller, setting, name);
    return by ? json_sprintf("%s, at every start that is given it", by) : NULL;
}

void control_note_change(
    struct controller *controller, const struct setting *setting, const char *old, bool is_saved)
{
    if (is_saved && !is_outranked(controller, setting))
        note_next_start(controller, setting, NULL);
    else if (!control_next_start(controller, setting))
        note_next_start(controller, setting, old);
}

/* ---- settings ---- */

/* Seeds and persistent peers as the node has them now. */
static json_t *value_json(const struct controller *controller, const struct setting *setting)
{
    char text[SETTING_TEXT_MAX];
    enum node_list list;
    if (!control_is_configured(setting, &list))
        return report_text(setting_text(setting, controller->settings, text, sizeof text));
    char *live = control_configured_text(controller, list);
    json_t *json = report_text(live ? live : "");
    free(live);
    return json;
}

static const char *changes_text(const struct controller *controller, const struct setting *setting)
{
    enum node_list list;
    if (!control_is_configured(setting, &list))
        return holds_names[holds_of(setting, controller->settings)];
    return list == NODE_SEEDS ? "at once, by seeds add and remove"
                              : "at once, by persistent add and remove";
}

void control_settings(void *context, struct control_request *request)
{
    const struct controller *controller = context;
    const char *match = control_text(request, "match");
    json_t *rows = json_array();
    for (size_t i = 0; i < settings_table_n; i++) {
        const struct setting *setting = &settings_table[i];
        const char *name = setting_name(setting);
        if (match && !strstr(name, match))
            continue;
        json_array_append_new(rows,
            json_pack("{s:s, s:o, s:o*, s:o, s:s, s:s}", "name", name, "value",
                value_json(controller, setting), "next_start", next_start_json(controller, setting),
                "default", report_text_or_null(setting->initial), "changes",
                changes_text(controller, setting), "doc", setting->doc ? setting->doc : ""));
    }
    control_answer(request, json_pack("{s:o}", "settings", rows));
}

/* ---- set ---- */

/* A change on its way: answered when the node has taken the last of its commands. */
static void apply(struct controller *controller, struct control_request *request,
    struct node_command *commands, unsigned n, json_t *result)
{
    for (unsigned i = 0; i + 1 < n; i++)
        runner_command(controller->runner, &commands[i]);
    if (n > 0)
        control_command(controller, request, &commands[n - 1], "not set", result, NULL);
    else
        control_answer(request, result);
}

/* False: refused. Text of what was asked for, as it is written in config.toml. */
static bool save(const struct controller *controller, struct control_request *request,
    const struct setting *setting, const char *value)
{
    char cause[SETTINGS_SAVE_CAUSE_MAX] = "out of memory";
    char *path = settings_path(controller->settings, SETTINGS_FILE);
    enum err err = path ? settings_save(path, setting, value, cause) : ERR_NO_MEMORY;
    if (err)
        control_refuse(request, CONTROL_REFUSED, "not saved, and nothing is changed: %s", cause);
    free(path);
    return err == ERR_OK;
}

static const struct setting *find(struct control_request *request)
{
    const char *name = control_text(request, "key");
    const struct setting *setting = setting_find_name(name);
    if (setting)
        return setting;
    const char *dot = strchr(name, '.');
    char section[32] = "";
    if (dot)
        snprintf(section, sizeof section, "%.*s", (int)(dot - name), name);
    const struct setting *nearest = setting_nearest(section, dot ? dot + 1 : name);
    char expected[160];
    snprintf(expected, sizeof expected, "the name of a setting%s%s; see luapex ctl settings",
        nearest ? ", perhaps " : "", nearest ? setting_name(nearest) : "");
    control_refuse_argument(request, "key", expected, name);
    return NULL;
}

/* What is wrong with the value; false: refused. */
static bool check_value(
    struct control_request *request, const struct setting *setting, const char *value)
{
    char cause[SETTING_CAUSE_MAX], expected[SETTING_CAUSE_MAX];
    struct settings scratch;
    if (settings_default(&scratch) != ERR_OK) {
        control_refuse(request, CONTROL_INTERNAL, "out of memory");
        return false;
    }
    bool is_fine = setting_set(setting, &scratch, value, cause);
    settings_free(&scratch);
    if (!is_fine)
        control_refuse_argument(request, "value", setting_expected(setting, expected), value);
    return is_fine;
}

/* old: taken. */
static json_t *result_json(const struct controller *controller, const struct setting *setting,
    json_t *old, enum holds holds, bool is_saved)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o*, s:b, s:o*}", "set", setting_name(setting), "holds",
        holds_names[holds], "was", old, "is", value_json(controller, setting), "next_start",
        next_start_json(controller, setting), "saved", is_saved, "outranked_by",
        is_saved ? control_outranked_by(controller, setting) : NULL);
}

static void journal_change(const struct controller *controller, const struct setting *setting,
    const char *value, const char *when)
{
    char text[HAPPENING_TEXT_MAX + 1];
    snprintf(text, sizeof text, "%s = %.300s%s", setting_name(setting), value, when);
    journal_note(controller->runner->journal, control_now(controller), HAPPENING_SETTING, text);
}

static void tell_saved(
    const struct controller *controller, const struct setting *setting, const char *value)
{
    journal_change(controller, setting, value, " from the next start on");
    log_write(&controller->runner->options.log, LOG_INFO, "setting saved for the next start",
        LOG_TEXT("setting", setting_name(setting)), LOG_TEXT("is", value));
}

static void tell_change(
    const struct controller *controller, const struct setting *setting, const char *old)
{
    char now[SETTING_TEXT_MAX];
    setting_text(setting, controller->settings, now, sizeof now);
    journal_change(controller, setting, now, "");
    log_write(&controller->runner->options.log, LOG_INFO, "setting changed",
        LOG_TEXT("setting", setting_name(setting)), LOG_TEXT("was", old), LOG_TEXT("is", now));
}

static void change(struct controller *controller, struct control_request *request,
    const struct setting *setting, const char *value)
{
    struct node_settings before = {0}, after = {0};
    struct node_command commands[CHANGES_MAX];
    char old[SETTING_TEXT_MAX], cause[SETTING_CAUSE_MAX];
    setting_text(setting, controller->settings, old, sizeof old);
    settings_of_node(controller->settings, &before);
    setting_set(setting, controller->settings, value, cause);
    settings_of_node(controller->settings, &after);
    *controller->log_level = controller->settings->log_level;
    unsigned n = commands_of(&before, &after, commands, CHANGES_MAX);
    bool is_saved = control_flag(request, "save");
    control_note_change(controller, setting, old, is_saved);
    json_t *result = result_json(controller, setting, report_text(old), HOLDS_NOW, is_saved);
    tell_change(controller, setting, old);
    apply(controller, request, commands, n, result);
}

static void refuse_now(const struct controller *controller, struct control_request *request,
    const struct setting *setting, enum holds holds)
{
    enum node_list list;
    if (control_is_configured(setting, &list))
        control_refuse(request, CONTROL_REFUSED,
            "%s changes %s; set with --save writes another list for the next start",
            setting_name(setting), changes_text(controller, setting));
    else if (holds == HOLDS_RESTART)
        control_refuse(request, CONTROL_REFUSED,
            "%s can only change with a restart; --save writes it to config.toml for that",
            setting_name(setting));
    else
        control_refuse(request, CONTROL_REFUSED, "%s has no effect", setting_name(setting));
}

static void set(struct controller *controller, struct control_request *request,
    const struct setting *setting, const char *value)
{
    enum holds holds = holds_of(setting, controller->settings);
    bool saves = control_flag(request, "save");
    if (holds != HOLDS_NOW && !saves) {
        refuse_now(controller, request, setting, holds);
        return;
    }
    if (!check_value(request, setting, value) ||
        (saves && !save(controller, request, setting, value)))
        return;
    if (holds == HOLDS_NOW) {
        change(controller, request, setting, value);
        return;
    }
    if (!is_outranked(controller, setting))
        note_next_start(controller, setting, value);
    tell_saved(controller, setting, value);
    control_answer(
        request, result_json(controller, setting, value_json(controller, setting), holds, true));
}

void control_set(void *context, struct control_request *request)
{
    const struct setting *setting = find(request);
    if (setting)
        set(context, request, setting, control_text(request, "value"));
}

void control_log(void *context, struct control_request *request)
{
    set(context, request, setting_find_name("log_level"), control_text(request, "level"));
}
