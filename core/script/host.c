#include "script/host.h"

#include "addr/ip.h"
#include "base/embedded.h"
#include "base/nearest.h"
#include "policy/schema.h"

#include <lauxlib.h>
#include <stdio.h>

#define LOG_LINE_MAX 256
#define EXACT_INTEGER 0x1p53

static const char HOST[] = "luapex.host";

static void compile(lua_State *L, struct span text, const char *chunk_name)
{
    if (luaL_loadbufferx(L, (const char *)text.at, text.n, chunk_name, "t") == 0)
        return;
    if (chunk_name[0] == '@')
        vm_syntax_error(vm_of(L), chunk_name + 1, lua_tostring(L, -1));
    lua_error(L);
}

/* import(name): a file of the sandbox itself, run once. */
static int host_lua_import(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, HOST);
    lua_getfield(L, -1, name);
    if (!lua_isnil(L, -1))
        return 1;
    lua_pop(L, 1);
    const struct embedded_file *file = embedded_find(name);
    if (!file)
        return luaL_error(L, "no file %s in the binary", name);
    compile(L, span_of(file->text, file->size), "=[luapex]");
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, name);
    return 1;
}

static bool find_beside(const struct script_source *source, const char *name, struct span *text)
{
    for (size_t i = 0; i < source->files_n; i++) {
        if (strcmp(source->files[i].name, name) == 0) {
            *text = source->files[i].text;
            return true;
        }
    }
    return false;
}

/* The text of the file `name` of the policy being loaded (own; NULL is its main file) or of the
 * policies in the binary, and what it is called in messages, which is pushed. */
static bool find_file(lua_State *L, const char *name, bool own, struct span *text)
{
    const struct script_source *source = vm_of(L)->source;
    if (!own) {
        const char *path = lua_pushfstring(L, "policies/%s.lua", name ? name : "");
        const struct embedded_file *file = embedded_find(path);
        if (file)
            *text = span_of(file->text, file->size);
        return file != NULL;
    }
    if (!name && source) {
        lua_pushstring(L, source->name);
        *text = source->text;
        return true;
    }
    lua_pushfstring(L, "%s.lua", name ? name : "");
    return source && name && find_beside(source, name, text);
}

/* chunk(name, own): the compiled file; nil if there is none. */
static int host_lua_chunk(lua_State *L)
{
    struct span text;
    if (!find_file(L, lua_tostring(L, 1), lua_toboolean(L, 2), &text))
        return 0;
    compile(L, text, lua_pushfstring(L, "@%s", lua_tostring(L, -1)));
    return 1;
}

/* file_name(name, own): what a file is called in messages. */
static int host_lua_file_name(lua_State *L)
{
    struct span text;
    find_file(L, lua_tostring(L, 1), lua_toboolean(L, 2), &text);
    return 1;
}

/* The C functions of the sandbox's own files are not to be seen in messages. */
static bool place_of(lua_State *L, int level, lua_Debug *at)
{
    return lua_getstack(L, level, at) && lua_getinfo(L, "Sl", at) && at->source[0] == '@' &&
        at->currentline > 0;
}

/* place(level): file and line of the function that many levels above the caller's; "", 0. */
static int host_lua_place(lua_State *L)
{
    lua_Debug at;
    bool found = place_of(L, (int)luaL_checkinteger(L, 1), &at);
    lua_pushstring(L, found ? at.source + 1 : "");
    lua_pushinteger(L, found ? at.currentline : 0);
    return 2;
}

/* set_place(file, line): where the next error is, if it has no place of its own. */
static int host_lua_set_place(lua_State *L)
{
    vm_set_place(vm_of(L), luaL_checkstring(L, 1), (int)luaL_checkinteger(L, 2));
    return 0;
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* How often a line of Lua has `hook = "` or `hook = '`, up to its comment. */
static int count_examples(struct span line)
{
    const char *at = (const char *)line.at, *end = at + line.n;
    int n = 0;
    for (; at + 4 < end && !(at[0] == '-' && at[1] == '-'); at++) {
        if (memcmp(at, "hook", 4) != 0)
            continue;
        const char *next = skip_blanks(at + 4, end);
        if (next == end || *next != '=')
            continue;
        next = skip_blanks(next + 1, end);
        n += next < end && (*next == '"' || *next == '\'');
    }
    return n;
}

/* example_lines(name, own): the numbers of the lines where an example seems to begin. Lua keeps no
 * line for a table; who uses this must check that there are as many as examples. */
static int host_lua_example_lines(lua_State *L)
{
    struct span text = {0};
    bool found =
        find_file(L, lua_tostring(L, 1), lua_isnoneornil(L, 1) || lua_toboolean(L, 2), &text);
    lua_newtable(L);
    for (int line = 1, n = 0; found && text.n > 0; line++) {
        const uint8_t *newline = memchr(text.at, '\n', text.n);
        size_t length = newline ? (size_t)(newline - text.at) : text.n;
        for (int i = count_examples(span_of(text.at, length)); i > 0; i--) {
            lua_pushinteger(L, line);
            lua_rawseti(L, -2, ++n);
        }
        size_t skip = newline ? length + 1 : length;
        text = span_of(text.at + skip, text.n - skip);
    }
    return 1;
}

bool host_log_allowed(struct vm *vm)
{
    int64_t now_ns = vm_clock_ns(vm);
    int64_t refill_ns = (int64_t)HOST_LOG_REFILL_MS * 1000000;
    int64_t more = (now_ns - vm->log_refilled_ns) / refill_ns;
    if (more > 0) {
        vm->log_refilled_ns += more * refill_ns;
        vm->log_tokens = more > HOST_LOG_BURST - vm->log_tokens ? HOST_LOG_BURST
                                                                : vm->log_tokens + (unsigned)more;
    }
    if (vm->log_tokens == 0)
        return false;
    vm->log_tokens--;
    return true;
}

/* log(text) */
static int host_lua_log(lua_State *L)
{
    struct vm *vm = vm_of(L);
    const struct log *log = &vm->settings->log;
    const char *text = luaL_checkstring(L, 1);
    if (log_wants(log, LOG_INFO) && host_log_allowed(vm)) {
        char line[LOG_LINE_MAX + 1];
        snprintf(line, sizeof line, "%s", text);
        log_write(
            log, LOG_INFO, "policy says", LOG_TEXT("policy", vm->name), LOG_TEXT("text", line));
    }
    return 0;
}

static int64_t check_bound(lua_State *L, int argument)
{
    double bound = luaL_checknumber(L, argument);
    luaL_argcheck(L,
        bound >= -EXACT_INTEGER && bound <= EXACT_INTEGER && bound == (double)(int64_t)bound,
        argument, "integer expected");
    return (int64_t)bound;
}

/* random(): [0, 1). random(high): 1..high. random(low, high): low..high. From the run's seeded
 * generator. */
static int host_lua_random(lua_State *L)
{
    struct rng *rng = vm_of(L)->rng;
    if (!rng)
        return luaL_error(L, "no random numbers while the policy loads");
    if (lua_isnoneornil(L, 1)) {
        lua_pushnumber(L, rng_unit(rng));
        return 1;
    }
    bool two = !lua_isnoneornil(L, 2);
    int64_t low = two ? check_bound(L, 1) : 1;
    int64_t high = check_bound(L, two ? 2 : 1);
    luaL_argcheck(L, low <= high, two ? 2 : 1, "interval is empty");
    lua_pushnumber(L, (double)(low + (int64_t)rng_below(rng, (uint64_t)(high - low) + 1)));
    return 1;
}

/* in_cidr(ip, range): whether ip is an address in range ("10.0.0.0/8"). */
static int host_lua_in_cidr(lua_State *L)
{
    size_t ip_n, range_n;
    const char *ip_text = luaL_checklstring(L, 1, &ip_n);
    const char *range_text = luaL_checklstring(L, 2, &range_n);
    struct ip ip;
    struct cidr range;
    if (cidr_parse(span_of(range_text, range_n), &range) != ERR_OK)
        return luaL_error(L, "pex.in_cidr: '%s' is no range such as 10.0.0.0/8", range_text);
    bool is_in = ip_parse(span_of(ip_text, ip_n), &ip) == ERR_OK && cidr_contains(&range, &ip);
    lua_pushboolean(L, is_in);
    return 1;
}

/* nearest(name, known): the one of the list `known` that name was meant to be, or nil. */
static int host_lua_nearest(lua_State *L)
{
    struct nearest nearest = nearest_to(luaL_checkstring(L, 1));
    int n = (int)lua_objlen(L, 2);
    for (int i = 1; i <= n; i++) {
        lua_rawgeti(L, 2, i);
        nearest_try(&nearest, luaL_checkstring(L, -1));
        lua_pop(L, 1); /* the list keeps it */
    }
    lua_pushstring(L, nearest.found); /* NULL is nil */
    return 1;
}

/* first_parameter(function): its name; nil for none. */
static int host_lua_first_parameter(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    lua_pushstring(L, lua_getlocal(L, NULL, 1)); /* NULL is nil */
    return 1;
}

/* upvalue(f, i): name and value of the i-th local that f has from around it; nothing beyond. */
static int host_lua_upvalue(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *name = lua_getupvalue(L, 1, (int)luaL_checkinteger(L, 2));
    if (!name)
        return 0;
    lua_pushstring(L, name);
    lua_insert(L, -2);
    return 2;
}

static const luaL_Reg functions[] = {
    {"import", host_lua_import},
    {"chunk", host_lua_chunk},
    {"file_name", host_lua_file_name},
    {"place", host_lua_place},
    {"set_place", host_lua_set_place},
    {"example_lines", host_lua_example_lines},
    {"log", host_lua_log},
    {"random", host_lua_random},
    {"in_cidr", host_lua_in_cidr},
    {"nearest", host_lua_nearest},
    {"first_parameter", host_lua_first_parameter},
    {"upvalue", host_lua_upvalue},
    {NULL, NULL},
};

/* The names of all hooks, or only of those whose rule is in the core. */
static void push_hooks(lua_State *L, bool only_core)
{
    int n = 0;
    lua_createtable(L, HOOK_COUNT, 0);
    for (int i = 0; i < HOOK_COUNT; i++) {
        if (only_core && !schema_hooks[i].answered_by_core)
            continue;
        lua_pushstring(L, schema_hooks[i].name);
        lua_rawseti(L, -2, ++n);
    }
}

static void push_host(lua_State *L)
{
    lua_newtable(L);
    for (const luaL_Reg *each = functions; each->name; each++) {
        lua_pushcfunction(L, each->func);
        lua_setfield(L, -2, each->name);
    }
    push_hooks(L, false);
    lua_setfield(L, -2, "hooks");
    push_hooks(L, true);
    lua_setfield(L, -2, "answered_by_core");
    lua_pushinteger(L, SCRIPT_STATE_MAX);
    lua_setfield(L, -2, "state_max");
}

void host_import(lua_State *L, const char *name)
{
    push_host(L);
    lua_setfield(L, LUA_REGISTRYINDEX, HOST);
    lua_pushcfunction(L, host_lua_import);
    lua_pushstring(L, name);
    lua_call(L, 1, 1);
}
