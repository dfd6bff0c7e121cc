#include "script/vm.h"

#include "script/host.h"
#include "script/verdict.h"

#include <lauxlib.h>
#include <luajit.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

static void *allocate(void *context, void *old, size_t old_size, size_t size)
{
    struct vm *vm = context;
    if (size > old_size &&
        (size > VM_BLOCK_MAX || vm->memory_used - old_size + size > vm->settings->memory_max)) {
        vm->memory_refused = true;
        return NULL;
    }
    void *block = NULL;
    if (size == 0)
        free(old);
    else if (!(block = realloc(old, size)))
        return NULL;
    vm->memory_used += size - old_size;
    return block;
}

int64_t vm_clock_ns(const struct vm *vm)
{
    return vm->settings->clock_ns(vm->settings->clock_context);
}

struct vm *vm_of(lua_State *L)
{
    void *vm;
    lua_getallocf(L, &vm);
    return vm;
}

/* Garbage alone must not hit the cap: LuaJIT collects by growth, not by need. */
static void collect_near_cap(struct vm *vm, lua_State *L)
{
    size_t max = vm->settings->memory_max;
    if (vm->memory_used < max / 4 * 3 || vm->memory_used < vm->memory_after_gc + max / 16)
        return;
    lua_gc(L, LUA_GCCOLLECT, 0);
    vm->memory_after_gc = vm->memory_used;
}

static enum script_outcome limit_hit(struct vm *vm)
{
    if (vm->memory_refused)
        return SCRIPT_MEMORY;
    if (vm->instructions_left < VM_COUNT)
        return SCRIPT_INSTRUCTIONS;
    vm->instructions_left -= VM_COUNT;
    if (vm->forced != SCRIPT_OK && vm->instructions_left <= vm->instructions_stop)
        return vm->forced;
    if (fuse_is_blown(&vm->fuse))
        return SCRIPT_FUSE;
    return SCRIPT_OK;
}

/* The end of a long file name tells more than its beginning. */
static void copy_file(char to[SCRIPT_FILE_MAX + 1], const char *file)
{
    size_t n = strlen(file);
    snprintf(
        to, SCRIPT_FILE_MAX + 1, "%s", n > SCRIPT_FILE_MAX ? file + n - SCRIPT_FILE_MAX : file);
}

/* Finds the innermost line of a policy file from this level of the stack on; the sandbox's own
 * functions are passed over. */
static bool find_place(lua_State *L, int level, struct vm_place *place)
{
    lua_Debug at;
    for (; lua_getstack(L, level, &at); level++) {
        lua_getinfo(L, "Sl", &at);
        if (at.source[0] == '@' && at.currentline > 0) {
            copy_file(place->file, at.source + 1);
            place->line = at.currentline;
            return true;
        }
    }
    return false;
}

static void note_growth(struct vm *vm, lua_State *L)
{
    if (vm->memory_used < vm->memory_placed)
        vm->memory_placed = vm->memory_used;
    if (vm->memory_used - vm->memory_placed < VM_GROWTH || !find_place(L, 0, &vm->growing))
        return;
    vm->memory_placed = vm->memory_used;
}

static void on_count(lua_State *L, lua_Debug *at)
{
    (void)at;
    struct vm *vm = vm_of(L);
    note_growth(vm, L);
    if (vm->stopped == SCRIPT_OK)
        vm->stopped = limit_hit(vm);
    if (vm->stopped == SCRIPT_OK) {
        collect_near_cap(vm, L);
        return;
    }
    /* Again at every instruction: a pcall in the script catches this error, but gets no further. */
    lua_sethook(L, on_count, LUA_MASKCOUNT, 1);
    luaL_error(L, "limit of %s reached", script_outcome_name(vm->stopped));
}

static void arm(struct vm *vm, const struct vm_limits *limits)
{
    vm->error = (struct script_error){0};
    vm->stopped = SCRIPT_OK;
    vm->memory_refused = false;
    vm->memory_after_gc = 0;
    vm->memory_placed = vm->memory_used;
    vm->growing = (struct vm_place){0};
    vm->instructions_left = limits->instructions;
    vm->forced = limits->forced;
    vm->instructions_stop =
        limits->instructions - (limits->forced_at < limits->instructions ? limits->forced_at : 0);
    fuse_light(&vm->fuse, vm->settings, limits->time_ns);
    lua_sethook(vm->L, on_count, LUA_MASKCOUNT, VM_COUNT);
}

void vm_set_place(struct vm *vm, const char *file, int line)
{
    copy_file(vm->error.file, file);
    vm->error.line = line;
}

static bool ends_with(const char *text, const char *end, size_t end_n)
{
    size_t n = strlen(text);
    return end_n <= n && memcmp(text + n - end_n, end, end_n) == 0;
}

/* Skips the "FILE:LINE: " that Lua puts before a message about `file` (which it shortens with dots
 * in front) or about the sandbox; *line (may be NULL) gets the number. */
static const char *skip_place(const char *message, const char *file, int *line)
{
    const char *from = strncmp(message, "...", 3) == 0 ? message + 3 : message;
    for (const char *at = strchr(from, ':'); at; at = strchr(at + 1, ':')) {
        char *end;
        long number = strtol(at + 1, &end, 10);
        size_t n = (size_t)(at - from);
        if (end == at + 1 || end[0] != ':' || end[1] != ' ')
            continue;
        if (!ends_with(file, from, n) && !ends_with("[luapex]", from, n))
            continue;
        if (line)
            *line = (int)number;
        return end + 2;
    }
    return message;
}

void vm_syntax_error(struct vm *vm, const char *file, const char *message)
{
    int line = 0;
    skip_place(message, file, &line);
    vm_set_place(vm, file, line);
}

static int on_error(lua_State *L)
{
    struct script_error *error = &vm_of(L)->error;
    struct vm_place place;
    if (!error->file[0] && find_place(L, 1, &place))
        vm_set_place(vm_of(L), place.file, place.line);
    if (lua_type(L, 1) == LUA_TSTRING) {
        snprintf(error->message, sizeof error->message, "%s",
            skip_place(lua_tostring(L, 1), error->file, NULL));
    } else {
        snprintf(error->message, sizeof error->message, "error value is a %s", luaL_typename(L, 1));
    }
    return 1;
}

struct job {
    void (*body)(lua_State *L, void *context);
    void *context;
    int status;
};

static int run_body(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    lua_settop(L, 0);
    job->body(L, job->context);
    return 0;
}

static int run_job(lua_State *L)
{
    struct job *job = lua_touserdata(L, 1);
    lua_pushcfunction(L, on_error);
    lua_pushcfunction(L, run_body);
    lua_pushlightuserdata(L, job);
    job->status = lua_pcall(L, 1, 0, -3);
    return 0;
}

static enum script_outcome outcome_of(struct vm *vm, int status)
{
    if (vm->stopped != SCRIPT_OK)
        return vm->stopped;
    if (status == 0)
        return SCRIPT_OK;
    return vm->memory_refused || status == LUA_ERRMEM ? SCRIPT_MEMORY : SCRIPT_ERROR;
}

enum script_outcome vm_run(struct vm *vm, void (*body)(lua_State *L, void *context), void *context,
    const struct vm_limits *limits)
{
    struct job job = {body, context, 0};
    arm(vm, limits);
    int status = lua_cpcall(vm->L, run_job, &job);
    lua_sethook(vm->L, NULL, 0, 0);
    lua_settop(vm->L, 0);
    enum script_outcome outcome = outcome_of(vm, status != 0 ? status : job.status);
    vm->used.instructions = limits->instructions - vm->instructions_left;
    vm->used.time_ns = fuse_used_ns(&vm->fuse);
    if (vm->forced != SCRIPT_OK)
        outcome = vm->forced;
    vm->error.outcome = outcome;
    if (outcome == SCRIPT_MEMORY) {
        snprintf(vm->error.message, sizeof vm->error.message, "limit of memory reached");
        if (!vm->error.file[0])
            vm_set_place(vm, vm->growing.file, vm->growing.line);
    } else if (outcome != SCRIPT_OK && !vm->error.message[0]) {
        snprintf(vm->error.message, sizeof vm->error.message, "limit of %s reached",
            script_outcome_name(outcome));
    }
    return outcome;
}

struct vm_limits vm_call_limits(const struct vm *vm)
{
    int64_t fuse_ns = (int64_t)vm->settings->fuse_ms * 1000000;
    return (struct vm_limits){.instructions = vm->settings->instructions_max,
        .time_ns = vm->is_builtin ? FUSE_NONE : fuse_ns};
}

struct vm_limits vm_load_limits(const struct vm *vm)
{
    struct vm_limits limits = vm_call_limits(vm);
    limits.instructions *= 10;
    if (limits.time_ns != FUSE_NONE)
        limits.time_ns *= 10;
    return limits;
}

static void open_library(lua_State *L, lua_CFunction open, const char *name)
{
    lua_pushcfunction(L, open);
    lua_pushstring(L, name);
    lua_call(L, 1, 0);
}

/* The libraries are open only to the sandbox's own files; lua/sandbox.lua decides what of them a
 * policy sees. */
static void open_sandbox(lua_State *L, void *file)
{
    luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
    lua_gc(L, LUA_GCSETPAUSE, 120);
    lua_gc(L, LUA_GCSETSTEPMUL, 400);
    open_library(L, luaopen_base, "");
    open_library(L, luaopen_table, LUA_TABLIBNAME);
    open_library(L, luaopen_string, LUA_STRLIBNAME);
    open_library(L, luaopen_math, LUA_MATHLIBNAME);
    open_library(L, luaopen_bit, LUA_BITLIBNAME);
    host_import(L, *(const char **)file);
    vm_of(L)->runtime = luaL_ref(L, LUA_REGISTRYINDEX);
}

enum err vm_new(const struct script_settings *settings, struct vm **out, struct script_error *error)
{
    return vm_new_with(settings, "lua/sandbox.lua", out, error);
}

enum err vm_new_with(const struct script_settings *settings, const char *sandbox, struct vm **out,
    struct script_error *error)
{
    struct vm *vm = calloc(1, sizeof *vm);
    if (!vm)
        return ERR_NO_MEMORY;
    vm->settings = settings;
    vm->log_tokens = HOST_LOG_BURST;
    for (int i = 0; i < HOOK_COUNT; i++)
        vm->frames[i] = LUA_NOREF;
    vm->verdict = malloc(verdict_size_max());
    vm->L = vm->verdict ? lua_newstate(allocate, vm) : NULL;
    if (!vm->L) {
        vm_free(vm);
        return ERR_NO_MEMORY;
    }
    struct vm_limits limits = {
        .instructions = 10 * settings->instructions_max, .time_ns = FUSE_NONE};
    if (vm_run(vm, open_sandbox, &sandbox, &limits) != SCRIPT_OK) {
        *error = vm->error;
        vm_free(vm);
        return ERR_SCRIPT;
    }
    *out = vm;
    return ERR_OK;
}

void vm_free(struct vm *vm)
{
    if (!vm)
        return;
    if (vm->L)
        lua_close(vm->L);
    free(vm->verdict);
    free(vm);
}
