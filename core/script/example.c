#include "script/example.h"

#include "script/given.h"
#include "script/pick.h"
#include "script/runtime.h"
#include "script/verdict.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define RANDOM_SEED 1
#define LISTED_MAX 16 /* rows of a list in a message */

struct example {
    unsigned number; /* from 1 */
    enum hook hook;
    void *view;                     /* given, with what it points to kept alive by `kept` */
    void *verdict;                  /* what was answered */
    int kept;                       /* registry */
    char file[SCRIPT_FILE_MAX + 1]; /* where it stands; "": not known */
    int line;
};

/* Pushes hook, given, expect, file and line. */
static void push_example(lua_State *L, const struct example *example)
{
    runtime_push(L, "example");
    lua_pushinteger(L, (lua_Integer)example->number);
    lua_call(L, 1, 5);
}

static void prepare(lua_State *L, void *context)
{
    struct example *example = context;
    lua_newtable(L);
    int kept = lua_gettop(L);
    push_example(L, example);
    schema_hook_find(lua_tostring(L, kept + 1), &example->hook); /* it was checked */
    snprintf(example->file, sizeof example->file, "%s", lua_tostring(L, kept + 4));
    example->line = (int)lua_tonumber(L, kept + 5);
    example->view = given_read(L, &schema_hooks[example->hook], kept + 2, kept);
    lua_settop(L, kept);
    example->kept = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void prepare_defaults(lua_State *L, void *context)
{
    struct example *example = context;
    lua_newtable(L);
    example->view = given_defaults(L, &schema_hooks[example->hook], lua_gettop(L));
    example->kept = luaL_ref(L, LUA_REGISTRYINDEX);
}

static double number_of(const struct schema_field *field, const void *verdict)
{
    const void *at = (const char *)verdict + field->offset;
    return field->type == SCHEMA_NUMBER ? *(const double *)at : (double)*(const int64_t *)at;
}

static double bound(lua_State *L, const struct schema_field *field, int table, int i)
{
    lua_rawgeti(L, table, i);
    double number = pick_number(L, field->name, -1);
    lua_pop(L, 1);
    return number;
}

/* A number, or { low, high }. */
static void expect_number(
    lua_State *L, const struct schema_field *field, int expect, const void *verdict)
{
    double got = number_of(field, verdict);
    if (lua_istable(L, expect)) {
        double low = bound(L, field, expect, 1), high = bound(L, field, expect, 2);
        if (!(got >= low && got <= high))
            luaL_error(L, "%s: expected %f to %f, got %f", field->name, low, high, got);
        return;
    }
    double wanted = pick_number(L, field->name, expect);
    if (fabs(got - wanted) <= 1e-9 * fabs(wanted))
        return;
    if (wanted < field->min || wanted > field->max)
        luaL_error(L, "%s: expected %f, got %f: answers are brought into %s%f to %f", field->name,
            wanted, got, field->zero ? "0 or " : "", field->min, field->max);
    luaL_error(L, "%s: expected %f, got %f", field->name, wanted, got);
}

static void expect_text(lua_State *L, const struct schema_field *field, int expect, const char *got)
{
    const char *wanted = pick_text(L, field->name, expect, VM_BLOCK_MAX);
    if (strcmp(wanted, got) != 0)
        luaL_error(L, "%s: expected '%s', got '%s'", field->name, wanted, got);
}

static void push_row(lua_State *L, int64_t row, const char *id, bool feeler)
{
    if (row < 0)
        lua_pushfstring(L, "id %s", id);
    else
        lua_pushfstring(L, "%d", (int)row + 1);
    if (feeler) {
        lua_pushstring(L, " (feeler)");
        lua_concat(L, 2);
    }
}

static bool same_entry(const struct question *question, const struct schema_field *field, int value,
    const void *verdict, size_t i)
{
    const void *at = (const char *)verdict + field->offset;
    if (field->type == SCHEMA_INDEXES)
        return pick_index(question, field->over, value) == ((const int64_t *)at)[i];
    struct policy_pick wanted = pick_read(question, field->over, value);
    const struct policy_pick *got = &((const struct policy_pick *)at)[i];
    return wanted.row == got->row && wanted.feeler == got->feeler &&
        strcmp(wanted.id, got->id) == 0;
}

/* Pushes "{ 1, 3 }" for what entry(i) pushes, one text each. */
static void push_list(lua_State *L, size_t n,
    void (*push_entry)(lua_State *L, const void *context, size_t i), const void *context)
{
    lua_pushstring(L, n > 0 ? "{ " : "{");
    for (size_t i = 0; i < n && i < LISTED_MAX; i++) {
        lua_pushstring(L, i > 0 ? ", " : "");
        push_entry(L, context, i);
        lua_concat(L, 3);
    }
    lua_pushstring(L, n > LISTED_MAX ? ", ... }" : n > 0 ? " }" : "}");
    lua_concat(L, 2);
}

struct listing {
    const struct question *question;
    const struct schema_field *field;
    const void *verdict; /* what was answered */
    int expect;          /* stack index of what was expected */
};

static void push_answered(lua_State *L, const void *context, size_t i)
{
    const struct listing *listing = context;
    const void *at = (const char *)listing->verdict + listing->field->offset;
    const struct policy_pick *pick = &((const struct policy_pick *)at)[i];
    if (listing->field->type == SCHEMA_INDEXES)
        push_row(L, ((const int64_t *)at)[i], "", false);
    else
        push_row(L, pick->row, pick->id, pick->feeler);
}

static void push_expected(lua_State *L, const void *context, size_t i)
{
    const struct listing *listing = context;
    lua_rawgeti(L, listing->expect, (int)i + 1);
    struct policy_pick pick = pick_read(listing->question, listing->field->over, lua_gettop(L));
    lua_pop(L, 1);
    push_row(L, pick.row, pick.id, pick.feeler);
}

static void fail_list(lua_State *L, const struct listing *listing, size_t n)
{
    push_list(L, lua_objlen(L, listing->expect), push_expected, listing);
    push_list(L, n, push_answered, listing);
    luaL_error(L, "%s: expected %s, got %s", listing->field->name, lua_tostring(L, -2),
        lua_tostring(L, -1));
}

static void expect_list(const struct question *question, const struct schema_field *field,
    int expect, const void *verdict)
{
    lua_State *L = question->L;
    if (!lua_istable(L, expect))
        luaL_error(L, "expect: a list expected, got %s", luaL_typename(L, expect));
    size_t n = *(const size_t *)((const char *)verdict + field->offset_n);
    bool same = lua_objlen(L, expect) == n;
    for (size_t i = 0; i < n && same; i++) {
        lua_rawgeti(L, expect, (int)i + 1);
        same = same_entry(question, field, lua_gettop(L), verdict, i);
        lua_pop(L, 1);
    }
    if (!same)
        fail_list(L, &(struct listing){question, field, verdict, expect}, n);
}

static void expect_field(const struct question *question, const struct schema_field *field,
    int expect, const void *verdict)
{
    lua_State *L = question->L;
    const char *at = (const char *)verdict + field->offset;
    switch (field->type) {
    case SCHEMA_INTEGER:
    case SCHEMA_NUMBER:
        expect_number(L, field, expect, verdict);
        break;
    case SCHEMA_BOOLEAN:
        if (pick_boolean(L, field->name, expect) != *(const bool *)at)
            luaL_error(L, "%s: expected %s, got %s", field->name,
                lua_toboolean(L, expect) ? "true" : "false", *(const bool *)at ? "true" : "false");
        break;
    case SCHEMA_TEXT:
        expect_text(L, field, expect, at);
        break;
    case SCHEMA_ENUM:
        expect_text(L, field, expect, field->values->values[*(const unsigned *)at]);
        break;
    case SCHEMA_INDEX:
        if (pick_index(question, field->over, expect) != *(const int64_t *)at)
            luaL_error(L, "%s: expected row %d, got row %d", field->name,
                (int)pick_index(question, field->over, expect) + 1, (int)*(const int64_t *)at + 1);
        break;
    default:
        expect_list(question, field, expect, verdict);
        break;
    }
}

static const struct schema_field *field_named(
    const struct schema_alternative *alternative, const char *name)
{
    for (unsigned i = 0; i < alternative->fields_n; i++)
        if (strcmp(alternative->fields[i].name, name) == 0)
            return &alternative->fields[i];
    return NULL;
}

static void expect_named(const struct question *question,
    const struct schema_alternative *alternative, int expect, const void *verdict)
{
    lua_State *L = question->L;
    if (!lua_istable(L, expect))
        luaL_error(L, "expected a %s, got a verdict with %s", luaL_typename(L, expect),
            alternative->fields[0].name);
    for (lua_pushnil(L); lua_next(L, expect); lua_pop(L, 1)) {
        const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "[1]";
        if (strcmp(name, "reason") == 0)
            continue;
        const struct schema_field *field = field_named(alternative, name);
        if (!field)
            luaL_error(L, "expected %s, got a verdict with %s", name, alternative->fields[0].name);
        expect_field(question, field, lua_gettop(L), verdict);
    }
}

static void compare(lua_State *L, void *context)
{
    struct example *example = context;
    const struct schema_verdict *schema = &schema_hooks[example->hook].verdict;
    struct question question = view_ask(L, example->hook, example->view);
    push_example(L, example);
    lua_pop(L, 2);
    int expect = lua_gettop(L);
    if (lua_isnil(L, expect) && schema_hooks[example->hook].answered_by_core)
        luaL_error(L, "expected nil, which leaves it to the core, got a verdict");
    if (lua_isnil(L, expect))
        return;
    bool is_false = schema->offset_false != SCHEMA_NOWHERE &&
        *(const bool *)((const char *)example->verdict + schema->offset_false);
    bool wants_false = schema->offset_false != SCHEMA_NOWHERE && lua_isboolean(L, expect) &&
        !lua_toboolean(L, expect);
    if (is_false != wants_false)
        luaL_error(L, is_false ? "expected a verdict, got false" : "expected false, got a verdict");
    if (is_false)
        return;
    const struct schema_alternative *got = verdict_alternative(schema, example->verdict);
    if (got->bare && !verdict_is_named(L, schema, expect))
        expect_field(&question, &got->fields[0], expect, example->verdict);
    else
        expect_named(&question, got, expect, example->verdict);
}

/* No verdict: fine where the core has a rule, or nothing was asked. */
static void expect_nothing(lua_State *L, void *context)
{
    struct example *example = context;
    if (!schema_hooks[example->hook].answered_by_core)
        luaL_error(L, "no rule answers");
    push_example(L, example);
    if (!lua_isnil(L, -3))
        luaL_error(L, "nil was answered, which leaves it to the core");
}

static void forget(lua_State *L, void *context)
{
    luaL_unref(L, LUA_REGISTRYINDEX, ((struct example *)context)->kept);
}

static enum script_outcome describe_failure(
    struct vm *vm, const struct example *example, const char *asked)
{
    struct script_error *error = &vm->error;
    char message[SCRIPT_MESSAGE_MAX + 1];
    snprintf(message, sizeof message, "%s", error->message);
    snprintf(error->message, sizeof error->message, "%s: %.200s", asked, message);
    if (!error->file[0])
        vm_set_place(vm, example->file, example->line);
    if (example->hook < HOOK_COUNT)
        snprintf(error->hook, sizeof error->hook, "%s", schema_hooks[example->hook].name);
    return error->outcome;
}

static enum script_outcome put_question(struct vm *vm, struct example *example,
    void (*prepare_view)(lua_State *L, void *context), bool *answered)
{
    struct vm_limits limits = vm_load_limits(vm);
    struct rng rng;
    rng_seed(&rng, RANDOM_SEED);
    enum script_outcome outcome = vm_run(vm, prepare_view, example, &limits);
    if (outcome != SCRIPT_OK)
        return outcome;
    return runtime_ask(vm,
        &(struct runtime_question){
            .hook = example->hook, .rng = &rng, .view = example->view, .is_example = true},
        example->verdict, answered);
}

static enum script_outcome run(struct vm *vm, struct example *example)
{
    struct vm_limits limits = vm_load_limits(vm);
    bool answered = false;
    enum script_outcome outcome = put_question(vm, example, prepare, &answered);
    if (outcome == SCRIPT_OK)
        outcome = vm_run(vm, answered ? compare : expect_nothing, example, &limits);
    if (outcome == SCRIPT_OK)
        return SCRIPT_OK;
    char asked[32];
    snprintf(asked, sizeof asked, "example %u", example->number);
    return describe_failure(vm, example, asked);
}

static enum script_outcome run_defaults(struct vm *vm, struct example *example)
{
    bool answered;
    if (put_question(vm, example, prepare_defaults, &answered) == SCRIPT_OK)
        return SCRIPT_OK;
    return describe_failure(vm, example, "with default values, as no example asks it");
}

static enum script_outcome with_memory(struct vm *vm, struct example *example,
    enum script_outcome (*run_it)(struct vm *vm, struct example *example))
{
    struct vm_limits limits = vm_load_limits(vm);
    example->kept = LUA_NOREF;
    example->verdict = malloc(verdict_size_max());
    if (!example->verdict) {
        vm->error = (struct script_error){.outcome = SCRIPT_MEMORY, .message = "out of memory"};
        return SCRIPT_MEMORY;
    }
    enum script_outcome outcome = run_it(vm, example);
    struct script_error error = vm->error;
    vm_run(vm, forget, example, &limits);
    vm->error = error;
    free(example->verdict);
    return outcome;
}

enum script_outcome example_run(struct vm *vm, unsigned i)
{
    return with_memory(vm, &(struct example){.number = i + 1, .hook = HOOK_COUNT}, run);
}

enum script_outcome example_run_defaults(struct vm *vm, enum hook hook)
{
    return with_memory(vm, &(struct example){.hook = hook}, run_defaults);
}
