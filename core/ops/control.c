#include "ops/control.h"

#include "crypto/node_key.h"
#include "ops/state.h"
#include <assert.h>
#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 1024

struct control_request {
    struct ops *ops; /* NULL: closed since */
    int callback;    /* in the registry: told (text) or (nil, code, message, data) */
    json_t *params;
    struct control_request *next, **previous;
};

/* ---- a request's life ---- */

static void link_in(struct control_request *request)
{
    struct ops *ops = request->ops;
    request->next = ops->requests;
    request->previous = &ops->requests;
    if (request->next)
        request->next->previous = &request->next;
    ops->requests = request;
}

static void release(struct control_request *request)
{
    if (request->ops) {
        *request->previous = request->next;
        if (request->next)
            request->next->previous = request->previous;
    }
    json_decref(request->params);
    free(request);
}

void control_orphan(struct ops *ops)
{
    for (struct control_request *request = ops->requests; request; request = request->next)
        request->ops = NULL;
    ops->requests = NULL;
}

/* ---- the answer ---- */

struct answer {
    struct control_request *request;
    const char *text; /* of the result; NULL: refused */
    int code;
    const char *message, *data; /* data: JSON or NULL */
};

static int deliver_protected(lua_State *L)
{
    const struct answer *answer = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, answer->request->callback);
    luaL_unref(L, LUA_REGISTRYINDEX, answer->request->callback);
    if (answer->text) {
        lua_pushstring(L, answer->text);
        lua_call(L, 1, 0);
        return 0;
    }
    lua_pushnil(L);
    lua_pushinteger(L, answer->code);
    lua_pushstring(L, answer->message);
    lua_pushstring(L, answer->data); /* nil for NULL */
    lua_call(L, 4, 0);
    return 0;
}

static void deliver(struct answer *answer)
{
    struct ops *ops = answer->request->ops;
    if (ops && lua_cpcall(ops->vm.L, deliver_protected, answer) != 0) {
        ops_log_failure(ops, "control answer not delivered");
        lua_pop(ops->vm.L, 1);
    }
    release(answer->request);
}

void control_answer_text(struct control_request *request, const char *text)
{
    deliver(&(struct answer){
        .request = request, .text = text, .code = CONTROL_INTERNAL, .message = "out of memory"});
}

void control_answer(struct control_request *request, json_t *result)
{
    char *text = result ? json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(13)) : NULL;
    control_answer_text(request, text);
    free(text);
    json_decref(result);
}

void control_refuse(
    struct control_request *request, enum control_code code, const char *format, ...)
{
    char message[MESSAGE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    deliver(&(struct answer){.request = request, .code = code, .message = message});
}

void control_refuse_argument(
    struct control_request *request, const char *name, const char *expected, const char *got)
{
    char message[MESSAGE_MAX];
    snprintf(message, sizeof message, "%s must be %s, got %.200s", name, expected, got);
    json_t *data = json_pack("{s:s, s:s, s:s?}", "field", name, "expected", expected, "got", got);
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    deliver(&(struct answer){
        .request = request, .code = CONTROL_BAD_ARGUMENT, .message = message, .data = text});
    free(text);
    json_decref(data);
}

/* ---- the question ---- */

const json_t *control_params(const struct control_request *request)
{
    return request->params;
}

const char *control_text(const struct control_request *request, const char *name)
{
    return json_string_value(json_object_get(request->params, name));
}

bool control_flag(const struct control_request *request, const char *name)
{
    return json_is_true(json_object_get(request->params, name));
}

double control_number(const struct control_request *request, const char *name)
{
    return json_number_value(json_object_get(request->params, name));
}

static const struct control_function *find(const struct control *control, const char *name)
{
    for (size_t i = 0; i < control->functions_n; i++)
        if (strcmp(control->functions[i].name, name) == 0)
            return &control->functions[i];
    return NULL;
}

/* ask(name, params, callback): false when the program has no such function. */
static int ask(lua_State *L)
{
    struct ops *ops = lua_touserdata(L, lua_upvalueindex(1));
    const struct control *control = lua_touserdata(L, lua_upvalueindex(2));
    const struct control_function *function = find(control, luaL_checkstring(L, 1));
    if (!function || ops->is_closing) {
        lua_pushboolean(L, 0);
        return 1;
    }
    size_t n;
    const char *text = luaL_checklstring(L, 2, &n);
    luaL_checktype(L, 3, LUA_TFUNCTION);
    lua_settop(L, 3);
    int callback = luaL_ref(L, LUA_REGISTRYINDEX);
    struct control_request *request = calloc(1, sizeof *request);
    json_t *params = json_loadb(text, n, 0, NULL);
    if (!request || !params) {
        free(request);
        json_decref(params);
        luaL_unref(L, LUA_REGISTRYINDEX, callback);
        return luaL_error(L, "arguments that cannot be read");
    }
    *request = (struct control_request){ops, callback, params, NULL, NULL};
    link_in(request);
    function->run(control->context, request);
    lua_pushboolean(L, 1);
    return 1;
}

/* ---- the socket ---- */

static enum err fail(char *cause, enum err err, const char *path, const char *why)
{
    snprintf(cause, CONTROL_CAUSE_MAX, "%.300s: %.200s", path, why);
    return err;
}

static bool is_served(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool connected =
        fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN);
    if (fd >= 0)
        close(fd);
    return connected;
}

/* Makes room at `path`. */
static enum err clear(const char *path, char *cause)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct stat info;
    if (strlen(path) > CONTROL_PATH_MAX)
        return fail(cause, ERR_INVALID, path,
            "the path of a socket has at most 107 bytes; set control.socket to a shorter one");
    memcpy(at.sun_path, path, strlen(path));
    if (lstat(path, &info) != 0)
        return errno == ENOENT ? ERR_OK : fail(cause, ERR_IO, path, strerror(errno));
    if (!S_ISSOCK(info.st_mode))
        return fail(cause, ERR_INVALID, path, "there is a file that is no socket; move it away");
    if (is_served(&at))
        return fail(cause, ERR_FULL, path, "another process serves this socket");
    return unlink(path) == 0 ? ERR_OK : fail(cause, ERR_IO, path, strerror(errno));
}

struct opening {
    struct ops *ops;
    const char *path;    /* or */
    struct endpoint *at; /* for TCP */
    const struct control *control;
    char *cause;
    bool is_open;
};

/* admit(token): whether this is the token. */
static int admit(lua_State *L)
{
    const struct control *control = lua_touserdata(L, lua_upvalueindex(2));
    size_t n;
    const char *token = lua_tolstring(L, 1, &n);
    lua_pushboolean(
        L, token && n == strlen(control->token) && crypto_equal(token, control->token, n));
    return 1;
}

/* refused(address, n): somebody had no token; n > 0: so many more had none. */
static int refused(lua_State *L)
{
    const struct ops *ops = lua_touserdata(L, lua_upvalueindex(1));
    const char *address = luaL_checkstring(L, 1);
    int64_t n = (int64_t)luaL_checkinteger(L, 2);
    if (n == 0)
        log_write(&ops->log, LOG_ERROR, "control client refused: no token or a wrong one",
            LOG_TEXT("addr", address));
    else
        log_write(&ops->log, LOG_ERROR, "more control clients refused: no token or a wrong one",
            LOG_TEXT("addr", address), LOG_NUMBER("clients", n));
    return 0;
}

static void push_closure(lua_State *L, lua_CFunction function, const struct opening *opening)
{
    lua_pushlightuserdata(L, opening->ops);
    lua_pushlightuserdata(L, (void *)opening->control);
    lua_pushcclosure(L, function, 2);
}

static void push_limits(lua_State *L)
{
    lua_newtable(L);
    lua_pushinteger(L, CONTROL_CLIENTS_MAX);
    lua_setfield(L, -2, "clients");
    lua_pushinteger(L, CONTROL_STRANGERS_MAX);
    lua_setfield(L, -2, "strangers");
}

/* { path = } or { ip =, port =, admit =, refused = } */
static void push_place(lua_State *L, const struct opening *opening)
{
    char ip[IP_TEXT_MAX];
    lua_newtable(L);
    if (opening->path) {
        lua_pushstring(L, opening->path);
        lua_setfield(L, -2, "path");
        return;
    }
    lua_pushstring(L, ip_text(&opening->at->ip, ip));
    lua_setfield(L, -2, "ip");
    lua_pushinteger(L, opening->at->port);
    lua_setfield(L, -2, "port");
    push_closure(L, admit, opening);
    lua_setfield(L, -2, "admit");
    push_closure(L, refused, opening);
    lua_setfield(L, -2, "refused");
}

static int open_protected(lua_State *L)
{
    struct opening *opening = lua_touserdata(L, 1);
    luavm_require(L, "ops.init");
    lua_getfield(L, -1, "control");
    lua_pushlightuserdata(L, (void *)opening->control);
    push_closure(L, ask, opening);
    push_limits(L);
    push_place(L, opening);
    lua_call(L, 4, 2);
    opening->is_open = lua_toboolean(L, -2);
    if (!opening->is_open)
        snprintf(opening->cause, CONTROL_CAUSE_MAX, "%.200s",
            lua_tostring(L, -1) ? lua_tostring(L, -1) : "cannot be opened");
    else if (opening->at)
        opening->at->port = (uint16_t)lua_tointeger(L, -2);
    return 0;
}

static enum err open_at(struct opening *opening, const char *name, char *cause)
{
    char why[CONTROL_CAUSE_MAX] = "";
    lua_State *L = opening->ops->vm.L;
    opening->cause = why;
    if (lua_cpcall(L, open_protected, opening) != 0) {
        fail(cause, ERR_SCRIPT, name, lua_tostring(L, -1));
        lua_pop(L, 1);
        return ERR_SCRIPT;
    }
    return opening->is_open ? ERR_OK : fail(cause, ERR_IO, name, why);
}

enum err control_open(struct ops *ops, const char *path, const struct control *control, char *cause)
{
    enum err err = clear(path, cause);
    struct opening opening = {.ops = ops, .path = path, .control = control};
    return err ? err : open_at(&opening, path, cause);
}

enum err control_open_tcp(
    struct ops *ops, struct endpoint *at, const struct control *control, char *cause)
{
    char name[ADDR_TEXT_MAX];
    struct opening opening = {.ops = ops, .at = at, .control = control};
    return open_at(&opening, endpoint_to_text(at, name), cause);
}

static int close_protected(lua_State *L)
{
    void *control = lua_touserdata(L, 1);
    luavm_require(L, "ops.init");
    lua_getfield(L, -1, "control_close");
    lua_pushlightuserdata(L, control);
    lua_call(L, 1, 0);
    return 0;
}

void control_close(struct ops *ops, const struct control *control)
{
    if (!ops->is_closing && lua_cpcall(ops->vm.L, close_protected, (void *)control) != 0) {
        ops_log_failure(ops, "operations script failed");
        lua_pop(ops->vm.L, 1);
    }
}
