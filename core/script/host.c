#include "script/host.h"

#include "addr/ip.h"
#include "base/embedded.h"
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

/* chunk(name, own): the compiled file `name` of the policy being loaded (own; nil is its main file)
 * or of the policies in the binary; nil if there is none. */
static int host_lua_chunk(lua_State *L)
{
    const struct script_source *source = vm_of(L)->source;
    const char *name = lua_tostring(L, 1);
    struct span text;
    if (!lua_toboolean(L, 2)) {
        const char *path = lua_pushfstring(L, "policies/%s.lua", name);
        const struct embedded_file *file = embedded_find(path);
        if (!file)
            return 0;
        compile(L, span_of(file->text, file->size), lua_pushfstring(L, "@%s", path));
        return 1;
    }
    if (!source)
        return 0;
    if (!name) {
        compile(L, source->text, lua_pushfstring(L, "@%s", source->name));
        return 1;
    }
    if (!find_beside(source, name, &text))
        return 0;
    compile(L, text, lua_pushfstring(L, "@%s.lua", name));
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
    luaL_argcheck(L, cidr_parse(span_of(range_text, range_n), &range) == ERR_OK, 2, "not a CIDR");
    bool is_in = ip_parse(span_of(ip_text, ip_n), &ip) == ERR_OK && cidr_contains(&range, &ip);
    lua_pushboolean(L, is_in);
    return 1;
}

static const luaL_Reg functions[] = {
    {"import", host_lua_import},
    {"chunk", host_lua_chunk},
    {"log", host_lua_log},
    {"random", host_lua_random},
    {"in_cidr", host_lua_in_cidr},
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
