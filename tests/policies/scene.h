/* A network on virtual time in which machine 0, the subject, runs a policy that ships, in Lua; all
 * others run the same default rules in C. A test plays one scene twice, with the policy and with
 * `default`, from the same seed, and compares what it measured. */
#ifndef TESTS_POLICIES_SCENE_H
#define TESTS_POLICIES_SCENE_H

#include "sim/lua_policy.h"
#include "unit/sim/rig.h"
#include <stdio.h>

#define SUBJECT 0
#define DEAD 2000 /* numbers from here on: addresses where nobody is */
#define KNOWN_MAX 512
#define OUTBOUND_MAX 64
#define GUEST_MAX (256 * 1024)

struct scene {
    struct rig rig;
    struct script_source source; /* of the subject's policy */
    struct lua_rules rules;
    struct lua_policy *policy;
    const char *name;
    struct addr known[KNOWN_MAX]; /* what the subject's book holds at first */
    size_t known_n;
};

/* The file of a policy that somebody wants to see in these scenes, in LUAPEX_POLICY; NULL: none.
 * Its figures are printed beside the others, and nothing is asserted of them. */
static inline const char *scene_guest(void)
{
    return getenv("LUAPEX_POLICY");
}

static inline void scene_read_guest(struct script_source *source)
{
    static char text[GUEST_MAX];
    const char *path = scene_guest();
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("cannot read %s", path);
    size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    *source = (struct script_source){.name = path, .text = span_of(text, n)};
}

/* name: of a policy that ships, or the guest's file. */
static inline void scene_load(struct scene *scene)
{
    struct script_error error = {0};
    if (scene->name == scene_guest())
        scene_read_guest(&scene->source);
    else
        assert_int_equal(script_builtin(scene->name, &scene->source), ERR_OK);
    scene->rules = (struct lua_rules){.source = &scene->source};
    if (lua_policy_new(&scene->rules, &scene->policy, &error) != ERR_OK)
        fail_msg("%s:%d: %s", error.file, error.line, error.message);
}

static inline void scene_open(struct scene *scene, const char *name, uint64_t seed)
{
    rig_open(&scene->rig, seed);
    scene->known_n = 0;
    scene->name = name;
    scene_load(scene);
}

static inline void scene_know_addr(struct scene *scene, struct addr addr)
{
    assert_true(scene->known_n < KNOWN_MAX);
    scene->known[scene->known_n++] = addr;
}

/* The subject's book holds machines first .. first + n - 1: before scene_subject. */
static inline void scene_know(struct scene *scene, uint32_t first, uint32_t n)
{
    for (uint32_t i = first; i < first + n; i++)
        scene_know_addr(scene, addr_of(i));
}

/* The subject as a test may still change it before sim_add. */
static inline struct sim_machine scene_subject(struct scene *scene)
{
    struct sim_machine machine = machine_of(&scene->rig, SUBJECT);
    machine.policy = lua_policy_of(scene->policy);
    machine.begin = lua_policy_begin;
    machine.known = scene->known;
    machine.known_n = scene->known_n;
    return machine;
}

/* Adds machines first .. first + n - 1, who know nobody but the subject and have room for
 * all. */
static inline void scene_add_others(struct scene *scene, uint32_t first, uint32_t n)
{
    struct addr subject = addr_of(SUBJECT);
    for (uint32_t i = first; i < first + n; i++) {
        struct sim_machine machine = machine_of(&scene->rig, i);
        machine.node.max_inbound = 1000;
        machine.known = &subject;
        machine.known_n = 1;
        sim_add(scene->rig.sim, &machine);
    }
}

/* Starts all machines; the rules that hold whatever a policy says are watched from now on. */
static inline void scene_start(struct scene *scene)
{
    scene->rig.watch = watch_new(scene->rig.sim, 1000);
    for (uint32_t i = 0; i < sim_machines(scene->rig.sim); i++)
        sim_start(scene->rig.sim, i);
}

static inline void scene_run(struct scene *scene, int64_t ms)
{
    rig_run(&scene->rig, ms);
}

/* The subject's process ends in good order and another begins, with what the first remembered. */
static inline void scene_restart(struct scene *scene)
{
    sim_end(scene->rig.sim, SUBJECT, SIM_STOP);
    scene_run(scene, SECONDS_MS(30));
    assert_false(sim_is_on(scene->rig.sim, SUBJECT));
    sim_start(scene->rig.sim, SUBJECT);
}

static inline void scene_set(struct scene *scene, const char *param, const char *value)
{
    struct script_error error;
    if (script_param_set(lua_policy_script(scene->policy), param, value, &error) != ERR_OK)
        fail_msg("%s: %s", param, error.message);
}

/* The policy answered every question itself. */
static inline void scene_close(struct scene *scene)
{
    uint64_t errors = lua_policy_errors(scene->policy);
    if (errors > 0)
        fail_msg("%s failed %llu times", scene->name, (unsigned long long)errors);
    rig_close(&scene->rig);
    lua_policy_free(scene->policy);
}

/* ---- what came of it ---- */

struct outbound {
    struct node_peer at[OUTBOUND_MAX];
    size_t n;
};

static inline void outbound_note(void *context, const struct node_peer *peer)
{
    struct outbound *outbound = context;
    if (peer->outbound && outbound->n < OUTBOUND_MAX)
        outbound->at[outbound->n++] = *peer;
}

static inline struct outbound outbound_of(const struct scene *scene)
{
    struct outbound outbound = {.n = 0};
    node_peers(sim_node(scene->rig.sim, SUBJECT), outbound_note, &outbound);
    return outbound;
}

static inline const struct book *book_of(const struct scene *scene)
{
    return node_book(sim_node(scene->rig.sim, SUBJECT));
}

static inline bool is_dead(const struct peer_id *id)
{
    uint32_t number = (uint32_t)id->bytes[PEER_ID_SIZE - 2] << 8 | id->bytes[PEER_ID_SIZE - 1];
    return number > DEAD;
}

/* Resets all connections of the subject. */
static inline void scene_shake(struct scene *scene)
{
    for (uint32_t n = 0; sim_reset(scene->rig.sim, SUBJECT, n); n++)
        ;
}

#endif
