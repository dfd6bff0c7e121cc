/* One Lua VM with a sandbox: memory counted, calls limited, errors caught with their place.
 * For core/script, and for the prompt of the operator (ops/evaluator.h), which needs the same. */
#ifndef SCRIPT_VM_H
#define SCRIPT_VM_H

#include "script/fuse.h"
#include "script/script.h"

#include <lua.h>

/* A single block of memory, so a single string, is bounded: comparing or parsing a long string is
 * one instruction. Room for a list of 32,768 entries. */
#define VM_BLOCK_MAX (320u * 1024)
#define VM_COUNT 100           /* instructions between two looks at the limits */
#define VM_GROWTH (32u * 1024) /* bytes taken at one place before it is noted */

struct vm_limits {
    uint64_t instructions;
    int64_t time_ns; /* FUSE_NONE: however long */
    /* For replay: the call ends with this outcome, after so many instructions at the latest. */
    enum script_outcome forced; /* SCRIPT_OK: as it does */
    uint64_t forced_at;
};

struct vm {
    lua_State *L;
    const struct script_settings *settings;
    const struct script_source *source; /* while loading: where `require` looks */
    struct rng *rng;                    /* during a call */
    struct script_error error;          /* of the last call */

    size_t memory_used;
    bool memory_refused;
    size_t memory_after_gc;
    size_t memory_placed; /* memory_used when the place below was noted */
    struct vm_place {
        char file[SCRIPT_FILE_MAX + 1];
        int line;
    } growing; /* where memory last grew much: running out of it leaves no trace of its own */
    uint64_t instructions_left;
    uint64_t instructions_stop; /* `forced` strikes when no more than these are left */
    enum script_outcome forced; /* SCRIPT_OK: only real limits do */
    struct fuse fuse;
    enum script_outcome stopped; /* a limit was hit; SCRIPT_OK: none */
    struct vm_used {
        uint64_t instructions; /* in steps of VM_COUNT */
        int64_t time_ns;       /* see fuse.h */
    } used;                    /* by the last call */

    int runtime;            /* registry: what lua/sandbox.lua returned, see runtime.h */
    int frames[HOOK_COUNT]; /* registry: the reused tables of each hook's view */
    unsigned log_tokens;    /* pex.log lines left, see host.c */
    int64_t log_refilled_ns;

    void *verdict; /* room for the largest verdict, while it is read */

    bool is_builtin; /* runs nothing but our own policies: the fuse would only punish a slow machine
                      */

    /* the loaded policy, see runtime.h */
    char name[SCRIPT_NAME_MAX + 1];
    char extends[SCRIPT_NAME_MAX + 1]; /* "": nothing */
    int64_t version;
    unsigned examples_n;
    bool has_rule[HOOK_COUNT];
};

/* A VM with the sandbox, without a policy. settings is borrowed. ERR_NO_MEMORY, ERR_SCRIPT. */
enum err vm_new(const struct script_settings *settings, struct vm **vm, struct script_error *error);
/* The same with another sandbox: an embedded Lua file; what it returns is in `runtime`. */
enum err vm_new_with(const struct script_settings *settings, const char *sandbox, struct vm **vm,
    struct script_error *error);
void vm_free(struct vm *vm);

/* Of a call, and of whatever happens once per load. */
struct vm_limits vm_call_limits(const struct vm *vm);
struct vm_limits vm_load_limits(const struct vm *vm);
int64_t vm_clock_ns(const struct vm *vm);

/* Runs body(L, context) protected and limited: errors raised in it, however deep, end it and are
 * described in vm->error. body may use the whole Lua API. */
enum script_outcome vm_run(struct vm *vm, void (*body)(lua_State *L, void *context), void *context,
    const struct vm_limits *limits);

/* Inside a body: the VM of L. */
struct vm *vm_of(lua_State *L);

/* Where the error is that this VM is about to report. */
void vm_set_place(struct vm *vm, const char *file, int line);
/* Inside a body: a compiler's message about `file`, before it is raised. */
void vm_syntax_error(struct vm *vm, const char *file, const char *message);

#endif
