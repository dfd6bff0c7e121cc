#include "ops/reference.h"

#include "ops/luavm.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rendering {
    const char *hook;
    bool markdown;
    char *text;
};

static const char *function_of(const struct rendering *rendering)
{
    if (rendering->markdown)
        return "markdown";
    return rendering->hook ? "page" : "list";
}

static int render(lua_State *L)
{
    struct rendering *rendering = lua_touserdata(L, 1);
    luavm_require(L, "schema.reference");
    lua_getfield(L, -1, function_of(rendering));
    luavm_require(L, "schema.init");
    lua_pushstring(L, rendering->hook);
    lua_call(L, 2, 1);
    const char *text = lua_tostring(L, -1);
    rendering->text = text ? strdup(text) : NULL;
    return 0;
}

enum err reference_text(const char *hook, bool markdown, char **text, char *cause)
{
    struct rendering rendering = {.hook = hook, .markdown = markdown};
    struct luavm vm;
    enum err err = luavm_open(&vm, 0);
    snprintf(cause, REFERENCE_CAUSE_MAX, "out of memory");
    if (!err && lua_cpcall(vm.L, render, &rendering) != 0) {
        const char *why = lua_tostring(vm.L, -1);
        snprintf(cause, REFERENCE_CAUSE_MAX, "%s", why ? why : "no message");
        err = ERR_SCRIPT;
    }
    luavm_close(&vm);
    if (!err && !rendering.text)
        err = ERR_NO_MEMORY;
    if (!err)
        *text = rendering.text;
    else
        free(rendering.text);
    return err;
}
