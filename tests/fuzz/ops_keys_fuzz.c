/* Keys of a terminal: how the bytes are cut into pieces changes nothing, every key has a name or is
 * one character of UTF-8 that steers no terminal, what waits for more is short, and a line editor
 * takes them all. Input: where to cut, then the bytes. */
#include "lua_check.h"

static const char check[] =
    "local Keys = require 'ops.keys'\n"
    "local Editor = require 'ops.line_editor'\n"
    "local clean = require 'ops.clean'\n"
    "local grammar = require 'ops.toml_grammar'\n"
    "local function add(all, keys, bytes)\n"
    "  for _, key in ipairs(keys:take(bytes)) do\n"
    "    all[#all + 1] = key\n"
    "  end\n"
    "  assert(#keys.pending < 32)\n"
    "end\n"
    "local function check_key(key)\n"
    "  assert(not grammar.invalid_utf8(key) and not key:find '[%z\\1-\\31\\127]')\n"
    "  assert(clean.width(key) == 1 or key:find '^%l[%l -]*.$', key)\n"
    "end\n"
    "local function complete(before)\n"
    "  local typed = before:match '%w*$'\n"
    "  return { typed .. 'more', typed .. 'most' }, #typed\n"
    "end\n"
    "local function edit(all)\n"
    "  local editor = Editor.new({ 'one', 'tw\\195\\182' }, complete)\n"
    "  for _, key in ipairs(all) do\n"
    "    editor:key(key)\n"
    "    assert(editor.at >= 0 and editor.at <= #editor.chars and #editor.chars <= 4096)\n"
    "    local shown, cursor = editor:shown('> ', 20)\n"
    "    assert(not shown:find '[%z\\1-\\31\\127]' and cursor >= 2 and cursor < 20)\n"
    "    assert(not grammar.invalid_utf8(editor:text()))\n"
    "  end\n"
    "end\n"
    "return function(bytes)\n"
    "  local cut, whole, pieces = bytes:byte() or 0, {}, {}\n"
    "  local text = bytes:sub(2)\n"
    "  add(whole, Keys.new(), text)\n"
    "  local keys = Keys.new()\n"
    "  add(pieces, keys, text:sub(1, cut))\n"
    "  add(pieces, keys, text:sub(cut + 1))\n"
    "  assert(#whole == #pieces)\n"
    "  for i, key in ipairs(whole) do\n"
    "    assert(key == pieces[i])\n"
    "    check_key(key)\n"
    "  end\n"
    "  edit(whole)\n"
    "end\n";

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (!lua_check_vm.L)
        lua_check_open(check, NULL);
    lua_check(bytes, n);
    return 0;
}
