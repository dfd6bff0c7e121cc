#include "ops/client.h"

#include "ops/luavm.h"
#include "ops/policy_files.h"
#include <lauxlib.h>
#include <luv/luv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define CLIENT_MEMORY_MAX (256u << 20)

/* ---- what Lua may ask ---- */

/* socket_path(home): a path, or nil and why not. */
static int socket_path(lua_State *L)
{
    const struct client *client = lua_touserdata(L, lua_upvalueindex(1));
    char cause[CLIENT_CAUSE_MAX] = "out of memory";
    char *path = client->socket_path(luaL_optstring(L, 1, NULL), cause);
    if (path) {
        lua_pushstring(L, path);
        free(path);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, cause);
    return 2;
}

static void push_span(lua_State *L, struct span text)
{
    lua_pushlstring(L, text.n ? (const char *)text.at : "", text.n);
}

static int push_files(lua_State *L)
{
    const struct policy_files *files = lua_touserdata(L, 1);
    lua_newtable(L);
    lua_pushstring(L, files->source.name);
    lua_setfield(L, -2, "name");
    push_span(L, files->source.text);
    lua_setfield(L, -2, "text");
    lua_newtable(L);
    for (size_t i = 0; i < files->source.files_n; i++) {
        push_span(L, files->files[i].text);
        lua_setfield(L, -2, files->files[i].name);
    }
    lua_setfield(L, -2, "files");
    return 1;
}

/* read_policy(path): its texts, or nil and why not. */
static int read_policy(lua_State *L)
{
    char cause[POLICY_CAUSE_MAX];
    struct policy_files files = {0};
    if (policy_files_read(luaL_checkstring(L, 1), &files, cause) != ERR_OK) {
        lua_pushnil(L);
        lua_pushstring(L, cause);
        return 2;
    }
    lua_pushcfunction(L, push_files);
    lua_pushlightuserdata(L, &files);
    int status = lua_pcall(L, 1, 1, 0);
    policy_files_free(&files);
    return status == 0 ? 1 : lua_error(L);
}

/* guard_terminal(leave): see struct client. */
static int guard_terminal(lua_State *L)
{
    const struct client *client = lua_touserdata(L, lua_upvalueindex(1));
    client->guard_terminal(luaL_optstring(L, 1, NULL));
    return 0;
}

/* ---- running ---- */

/* How luv calls back: an error of ours ends the command. */
static int callback(lua_State *L, int arguments, int results, int flags)
{
    (void)flags;
    int below = lua_gettop(L) - arguments - 1;
    if (luavm_call(L, arguments, results) == 0)
        return lua_gettop(L) - below;
    fprintf(stderr, "luapex ctl: %s\n", lua_tostring(L, -1));
    exit(1);
}

static void push_words(lua_State *L, const struct client *client)
{
    lua_newtable(L);
    for (int i = 0; i < client->argc; i++) {
        lua_pushstring(L, client->argv[i]);
        lua_rawseti(L, -2, i + 1);
    }
}

static void push_host(lua_State *L, const struct client *client)
{
    lua_newtable(L);
    lua_pushlightuserdata(L, (void *)client);
    lua_pushcclosure(L, socket_path, 1);
    lua_setfield(L, -2, "socket_path");
    lua_pushcfunction(L, read_policy);
    lua_setfield(L, -2, "read_policy");
    lua_pushlightuserdata(L, (void *)client);
    lua_pushcclosure(L, guard_terminal, 1);
    lua_setfield(L, -2, "guard_terminal");
}

static int run(lua_State *L)
{
    const struct client *client = lua_touserdata(L, 1);
    lua_settop(L, 0);
    luv_set_callback(L, callback);
    luavm_preload(L, "luv", luaopen_luv);
    luavm_require(L, "ops.client");
    lua_getfield(L, -1, "main");
    push_words(L, client);
    push_host(L, client);
    lua_call(L, 2, 1);
    return 1;
}

int client_run(const struct client *client)
{
    struct luavm vm;
    signal(SIGPIPE, SIG_IGN); /* a node that turns us away says why before it closes */
    if (luavm_open(&vm, CLIENT_MEMORY_MAX) != ERR_OK) {
        fprintf(stderr, "luapex ctl: out of memory\n");
        return 1;
    }
    lua_pushcfunction(vm.L, run);
    lua_pushlightuserdata(vm.L, (void *)client);
    int code = 1;
    if (luavm_call(vm.L, 1, 1) == 0)
        code = (int)lua_tointeger(vm.L, -1);
    else
        fprintf(stderr, "luapex ctl: %s\n", lua_tostring(vm.L, -1));
    fflush(stdout);
    luavm_close(&vm);
    return code;
}
