/* The functions of lua/runtime.lua, which hold the loaded policy, called from C.
 * Private to core/script. */
#ifndef SCRIPT_RUNTIME_H
#define SCRIPT_RUNTIME_H

#include "script/vm.h"

/* Loads the policy: source's main file, or the built-in policy `name` when source is NULL. Once for
 * a VM; fills in vm->name and its companions. */
enum script_outcome runtime_load(
    struct vm *vm, const struct script_source *source, const char *name);

/* Asks hook, from its view struct to its verdict struct. *answered is false, and *verdict
 * untouched, when the policy leaves the question to others, or was only told something; both are
 * untouched on failure. forced (SCRIPT_OK: nothing) and forced_at as in struct vm_limits. */
struct runtime_question {
    enum hook hook;
    struct rng *rng;
    const void *view;
    enum script_outcome forced;
    uint64_t forced_at;
    bool is_example; /* has the time of a load: a slow machine must not refuse a policy */
};
enum script_outcome runtime_ask(
    struct vm *vm, const struct runtime_question *question, void *verdict, bool *answered);

/* State and parameters; *text gets a copy that the caller frees. Fails on a state that is not plain
 * data or too large, which the second leaves out. */
enum script_outcome runtime_export(struct vm *vm, char **text);
enum script_outcome runtime_export_what_can_be_kept(struct vm *vm, char **text);
/* told (SCRIPT_STATE_TOLD_MAX + 1 bytes; may be NULL): what became of the states in it, in words.
 */
enum script_outcome runtime_import(struct vm *vm, struct span text, char *told);
/* Only what belongs to policies that are not loaded in this VM: it keeps that for them. */
enum script_outcome runtime_import_others(struct vm *vm, struct span text);

/* What the policy itself defines: VM's loaded policy, not those it extends. */
void runtime_report(struct vm *vm, struct script_report *report);
/* From here on, locals that the policy changes are in the report. */
void runtime_note_locals(struct vm *vm);

enum script_outcome runtime_set_param(struct vm *vm, const char *name, const char *value);
/* *found: whether there is one of that name; value (cap bytes) is cut. Returns its full length. */
enum script_outcome runtime_get_param(
    struct vm *vm, const char *name, char *value, size_t cap, bool *found, size_t *length);

/* All parameters of the policy and those it extends, by policy and name. */
enum script_outcome runtime_params(
    struct vm *vm, void (*visit)(void *context, const struct script_param *param), void *context);

/* Inside a body: pushes the function (or value) `name` of the runtime. */
void runtime_push(lua_State *L, const char *name);

#endif
