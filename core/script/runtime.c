#include "script/runtime.h"

#include "script/verdict.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void runtime_push(lua_State *L, const char *name)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, vm_of(L)->runtime);
    lua_getfield(L, -1, name);
    lua_remove(L, -2);
}

static enum script_outcome run_for_load(
    struct vm *vm, void (*body)(lua_State *L, void *context), void *context)
{
    struct vm_limits limits = vm_load_limits(vm);
    return vm_run(vm, body, context, &limits);
}

static void load(lua_State *L, void *context)
{
    struct vm *vm = vm_of(L);
    runtime_push(L, "load");
    lua_pushstring(L, context); /* NULL is nil */
    lua_call(L, 1, 4);
    snprintf(vm->name, sizeof vm->name, "%s", lua_tostring(L, -4));
    vm->version = (int64_t)lua_tonumber(L, -3);
    snprintf(vm->extends, sizeof vm->extends, "%s", lua_tostring(L, -2));
    vm->examples_n = (unsigned)lua_tonumber(L, -1);
    for (int i = 0; i < HOOK_COUNT; i++) {
        runtime_push(L, "has_rule");
        lua_pushinteger(L, i + 1);
        lua_call(L, 1, 1);
        vm->has_rule[i] = lua_toboolean(L, -1);
        lua_pop(L, 1);
    }
}

enum script_outcome runtime_load(
    struct vm *vm, const struct script_source *source, const char *name)
{
    vm->source = source;
    enum script_outcome outcome = run_for_load(vm, load, source ? NULL : (void *)(uintptr_t)name);
    vm->source = NULL;
    return outcome;
}

struct asking {
    enum hook hook;
    const void *view;
    bool answered;
};

static void ask(lua_State *L, void *context)
{
    struct asking *asking = context;
    struct question question = view_ask(L, asking->hook, asking->view);
    runtime_push(L, "ask");
    lua_pushinteger(L, asking->hook + 1);
    lua_rawgeti(L, question.frame, VIEW_TABLE);
    lua_call(L, 2, 1);
    asking->answered = verdict_read(&question, lua_gettop(L), vm_of(L)->verdict);
}

/* An error without a place, such as one of the verdict, is one of the function that answered. */
static void find_rule(lua_State *L, void *context)
{
    struct asking *asking = context;
    runtime_push(L, "rule");
    lua_pushinteger(L, asking->hook + 1);
    lua_call(L, 1, 1);
    lua_Debug at;
    if (lua_isfunction(L, -1) && lua_getinfo(L, ">S", &at) && at.source[0] == '@')
        vm_set_place(vm_of(L), at.source + 1, at.linedefined);
}

static void describe_failure(struct vm *vm, struct asking *asking)
{
    snprintf(vm->error.hook, sizeof vm->error.hook, "%s", schema_hooks[asking->hook].name);
    if (vm->error.file[0])
        return;
    struct script_error error = vm->error;
    struct vm_used used = vm->used;
    run_for_load(vm, find_rule, asking);
    vm->used = used;
    snprintf(error.file, sizeof error.file, "%s", vm->error.file);
    error.line = vm->error.line;
    vm->error = error;
}

enum script_outcome runtime_ask(
    struct vm *vm, const struct runtime_question *question, void *verdict, bool *answered)
{
    struct asking asking = {question->hook, question->view, false};
    struct vm_limits limits = vm_call_limits(vm);
    if (question->is_example)
        limits.time_ns = vm_load_limits(vm).time_ns;
    limits.forced = question->forced;
    limits.forced_at = question->forced_at;
    vm->rng = question->rng;
    enum script_outcome outcome = vm_run(vm, ask, &asking, &limits);
    vm->rng = NULL;
    if (outcome != SCRIPT_OK) {
        describe_failure(vm, &asking);
        return outcome;
    }
    *answered = asking.answered;
    if (asking.answered)
        memcpy(verdict, vm->verdict, schema_hooks[question->hook].verdict.size);
    return SCRIPT_OK;
}

struct exporting {
    bool leaves;
    char *text; /* heap */
};

static void export(lua_State *L, void *context)
{
    struct exporting *exporting = context;
    size_t n;
    runtime_push(L, "export");
    lua_pushboolean(L, exporting->leaves);
    lua_call(L, 1, 1);
    const char *written = lua_tolstring(L, -1, &n);
    if ((exporting->text = malloc(n + 1)))
        memcpy(exporting->text, written, n + 1);
    else
        luaL_error(L, "out of memory");
}

static enum script_outcome run_export(struct vm *vm, bool leaves, char **text)
{
    struct exporting exporting = {.leaves = leaves};
    enum script_outcome outcome = run_for_load(vm, export, &exporting);
    if (outcome == SCRIPT_OK)
        *text = exporting.text;
    else
        free(exporting.text);
    return outcome;
}

enum script_outcome runtime_export(struct vm *vm, char **text)
{
    return run_export(vm, false, text);
}

enum script_outcome runtime_export_what_can_be_kept(struct vm *vm, char **text)
{
    return run_export(vm, true, text);
}

struct importing {
    struct span text;
    bool only_others;
    char *told; /* NULL: nobody asks */
};

static void import(lua_State *L, void *context)
{
    const struct importing *importing = context;
    runtime_push(L, "import");
    lua_pushlstring(L, (const char *)importing->text.at, importing->text.n);
    lua_pushboolean(L, importing->only_others);
    lua_call(L, 2, 1);
    if (importing->told)
        snprintf(importing->told, SCRIPT_STATE_TOLD_MAX + 1, "%s", lua_tostring(L, -1));
}

enum script_outcome runtime_import(struct vm *vm, struct span text, char *told)
{
    return run_for_load(vm, import, &(struct importing){.text = text, .told = told});
}

enum script_outcome runtime_import_others(struct vm *vm, struct span text)
{
    return run_for_load(vm, import, &(struct importing){.text = text, .only_others = true});
}

struct parameter {
    const char *name, *value;
    char *out;
    size_t cap, length;
    bool found;
};

static void set_param(lua_State *L, void *context)
{
    const struct parameter *parameter = context;
    runtime_push(L, "set_param");
    lua_pushstring(L, parameter->name);
    lua_pushstring(L, parameter->value);
    lua_call(L, 2, 0);
}

enum script_outcome runtime_set_param(struct vm *vm, const char *name, const char *value)
{
    struct parameter parameter = {.name = name, .value = value};
    return run_for_load(vm, set_param, &parameter);
}

static void get_param(lua_State *L, void *context)
{
    struct parameter *parameter = context;
    runtime_push(L, "get_param");
    lua_pushstring(L, parameter->name);
    lua_call(L, 1, 1);
    const char *text = lua_tolstring(L, -1, &parameter->length);
    parameter->found = text != NULL;
    if (text)
        snprintf(parameter->out, parameter->cap, "%s", text);
}

enum script_outcome runtime_get_param(
    struct vm *vm, const char *name, char *value, size_t cap, bool *found, size_t *length)
{
    struct parameter parameter = {.name = name, .out = value, .cap = cap};
    enum script_outcome outcome = run_for_load(vm, get_param, &parameter);
    *found = parameter.found;
    *length = parameter.length;
    return outcome;
}

/* ---- what there is ---- */

static void report_body(lua_State *L, void *context)
{
    struct script_report *report = context;
    for (int i = 0; i < HOOK_COUNT; i++) {
        runtime_push(L, "own");
        lua_pushinteger(L, i + 1);
        lua_call(L, 1, 2);
        report->defines[i] = lua_toboolean(L, -2);
        report->examples[i] = (unsigned)lua_tonumber(L, -1);
        lua_pop(L, 2);
    }
    runtime_push(L, "changed_locals");
    lua_call(L, 0, 1);
    size_t n = lua_objlen(L, -1);
    for (; report->changed_n < n && report->changed_n < SCRIPT_LOCALS_MAX; report->changed_n++) {
        lua_rawgeti(L, -1, (int)report->changed_n + 1);
        snprintf(
            report->changed[report->changed_n], SCRIPT_NAME_MAX + 1, "%s", lua_tostring(L, -1));
        lua_pop(L, 1);
    }
}

static void note_locals(lua_State *L, void *context)
{
    (void)context;
    runtime_push(L, "note_locals");
    lua_call(L, 0, 0);
}

void runtime_note_locals(struct vm *vm)
{
    run_for_load(vm, note_locals, NULL);
}

void runtime_report(struct vm *vm, struct script_report *report)
{
    *report = (struct script_report){.examples_n = vm->examples_n};
    run_for_load(vm, report_body, report);
}

struct params_visit {
    void (*visit)(void *context, const struct script_param *param);
    void *context;
};

static const char *text_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    const char *text = lua_tostring(L, -1);
    lua_pop(L, 1); /* the table keeps it */
    return text ? text : "";
}

static double number_field(lua_State *L, const char *name)
{
    lua_getfield(L, -1, name);
    double number = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : NAN;
    lua_pop(L, 1);
    return number;
}

static void visit_params(lua_State *L, void *context)
{
    const struct params_visit *visit = context;
    runtime_push(L, "params");
    lua_call(L, 0, 1);
    int n = (int)lua_objlen(L, -1);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, -1, i);
        struct script_param param = {.policy = text_field(L, "policy"),
            .name = text_field(L, "name"),
            .kind = text_field(L, "kind"),
            .value = text_field(L, "value"),
            .initial = text_field(L, "initial"),
            .unit = text_field(L, "unit"),
            .doc = text_field(L, "doc"),
            .min = number_field(L, "min"),
            .max = number_field(L, "max")};
        visit->visit(visit->context, &param);
        lua_pop(L, 1);
    }
}

enum script_outcome runtime_params(
    struct vm *vm, void (*visit)(void *context, const struct script_param *param), void *context)
{
    struct params_visit visiting = {visit, context};
    return run_for_load(vm, visit_params, &visiting);
}
