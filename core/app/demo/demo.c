#include "app/cli/commands.h"
#include "app/demo/demo_cast.h"
#include "app/demo/demo_report.h"
#include "app/demo/demo_view.h"
#include "app/policy/policy_skeleton.h"
#include "app/text/complain.h"
#include "ops/file.h"
#include "ops/ops.h"
#include "uv/limits.h"
#include "uv/machine.h"
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SAMPLE_MS 50
#define DRAW_EVERY 5 /* samples */
#define TARGET_MAX 3 /* outbound slots of each node */

static const struct flag own_flags[] = {
    {"nodes", "N", "How many nodes, beside the seed; default: 8."},
    {"for", "DURATION", "How long, such as 30s (the default); 0s: until Ctrl-C."},
    {"policy", "FILE", "The policy of all nodes; default: one to begin with."},
    {"homes", "DIR",
        "Make the homes in this folder, which must not exist yet, and keep them; luapex ctl "
        "--home DIR/node1 reaches the first node meanwhile."},
    {"seed", "N", "Number that delays and decisions are drawn from; default: a random one."},
    {"trace", "DIR",
        "Write a trace of each node into this folder, for luapex replay; "
        "it is made if it is missing."},
    {"json", NULL, "Prints nothing but a report at the end, as a JSON object."},
};

struct demo {
    uv_loop_t loop;
    uv_timer_t sampler, end;
    uv_signal_t interrupt, terminate, hangup;
    struct ops *ops;
    struct demo_cast cast;
    struct demo_view view;
    struct demo_report report;
    char folder[88], policy[4096];
    const char *homes; /* the folder is this one, and kept; NULL: a temporary one */
    char *traces;      /* folder; NULL: no traces */
    int64_t nodes, seed, run_ms;
    bool wants_json, is_stopping;
    unsigned samples;
};

static int fail(const char *why)
{
    complain("luapex: error: %s", why);
    return EXIT_FAILED;
}

/* ---- the policy file ---- */

/* Something to begin with, for visitors to change. */
static enum err write_policy(struct demo *demo, char *why)
{
    char path[sizeof demo->folder + 16], text[POLICY_SKELETON_MAX], cause[FILE_CAUSE_MAX];
    snprintf(path, sizeof path, "%s/policy.lua", demo->folder);
    size_t n = policy_skeleton("mine", text);
    enum err err = file_create(path, 0600, text, n, cause);
    if (err)
        snprintf(why, RUNNER_WHY_MAX, "%s: %s", path, cause);
    snprintf(demo->policy, sizeof demo->policy, "%s", path);
    return err;
}

static enum err find_policy(struct demo *demo, const char *given, char *why)
{
    if (!given)
        return write_policy(demo, why);
    char *path = realpath(given, NULL);
    if (!path || strlen(path) >= sizeof demo->policy) {
        snprintf(why, RUNNER_WHY_MAX, "%s: no such file", given);
        free(path);
        return ERR_NOT_FOUND;
    }
    snprintf(demo->policy, sizeof demo->policy, "%s", path);
    free(path);
    return ERR_OK;
}

static void policy_changed(void *context, const char *path)
{
    (void)path;
    demo_cast_reload(&((struct demo *)context)->cast);
}

/* ---- while it runs ---- */

static void on_told(void *context, const char *who, const char *event)
{
    struct demo *demo = context;
    if (!demo->is_stopping)
        demo_view_tell(&demo->view, &demo->cast, who, event);
}

static void on_closed(uv_handle_t *handle)
{
    (void)handle;
}

static void on_ended(void *context)
{
    struct demo *demo = context;
    uv_close((uv_handle_t *)&demo->sampler, on_closed);
    uv_close((uv_handle_t *)&demo->end, on_closed);
    uv_close((uv_handle_t *)&demo->interrupt, on_closed);
    uv_close((uv_handle_t *)&demo->terminate, on_closed);
    uv_close((uv_handle_t *)&demo->hangup, on_closed);
    if (demo->ops)
        ops_close(demo->ops);
}

static void stop(struct demo *demo)
{
    if (demo->is_stopping)
        return;
    demo_cast_sample(&demo->cast);
    demo->report = demo_report_of(&demo->cast);
    if (demo->wants_json) {
        demo_report_json(&demo->report, &demo->cast, stdout);
    } else {
        demo_view_draw(&demo->view, &demo->cast);
        demo_report_text(&demo->report, &demo->cast, stdout);
    }
    demo->is_stopping = true;
    demo_cast_stop(&demo->cast);
}

static void on_sample(uv_timer_t *timer)
{
    struct demo *demo = timer->data;
    if (demo->is_stopping)
        return;
    demo_cast_sample(&demo->cast);
    if (demo->samples++ % DRAW_EVERY == 0)
        demo_view_draw(&demo->view, &demo->cast);
}

static void on_end(uv_timer_t *timer)
{
    stop(timer->data);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct demo *demo = handle->data;
    if (number == SIGHUP)
        demo_cast_reload(&demo->cast);
    else if (demo->is_stopping)
        _exit(EXIT_FAILED);
    else
        stop(demo);
}

static void open_signal(struct demo *demo, uv_signal_t *handle, int number)
{
    uv_signal_init(&demo->loop, handle);
    handle->data = demo;
    uv_signal_start(handle, on_signal, number);
}

static void open_handles(struct demo *demo)
{
    uv_timer_init(&demo->loop, &demo->sampler);
    uv_timer_init(&demo->loop, &demo->end);
    demo->sampler.data = demo->end.data = demo;
    uv_timer_start(&demo->sampler, on_sample, 0, SAMPLE_MS);
    if (demo->run_ms > 0)
        uv_timer_start(&demo->end, on_end, (uint64_t)demo->run_ms, 0);
    open_signal(demo, &demo->interrupt, SIGINT);
    open_signal(demo, &demo->terminate, SIGTERM);
    open_signal(demo, &demo->hangup, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
}

/* ---- life ---- */

static void greet(const struct demo *demo)
{
    printf("A seed and %" PRId64 " nodes, each with its own address, key and address book.\n"
           "seed number  %" PRId64 "\n"
           "policy       %s  (save it: they follow)\n\n",
        demo->nodes, demo->seed, demo->policy);
    fflush(stdout);
}

static enum err make_folder(struct demo *demo, char *why)
{
    if (!demo->homes && mkdtemp(demo->folder))
        return ERR_OK;
    if (!demo->homes) {
        snprintf(why, RUNNER_WHY_MAX, "cannot make a folder in /tmp");
        return ERR_IO;
    }
    if (strlen(demo->homes) >= sizeof demo->folder) {
        snprintf(why, RUNNER_WHY_MAX, "--homes: at most %zu bytes, for the paths of sockets",
            sizeof demo->folder - 1);
        return ERR_TOO_LONG;
    }
    snprintf(demo->folder, sizeof demo->folder, "%s", demo->homes);
    if (mkdir(demo->folder, 0700) == 0)
        return ERR_OK;
    snprintf(why, RUNNER_WHY_MAX, "--homes: cannot make %s: %s", demo->homes, strerror(errno));
    return ERR_IO;
}

static enum err open_cast(struct demo *demo, const char *policy, char *why)
{
    enum err err = make_folder(demo, why);
    if (err) {
        demo->folder[0] = 0; /* it is not ours to remove */
        return err;
    }
    err = find_policy(demo, policy, why);
    if (err)
        return err;
    struct demo_cast *cast = &demo->cast;
    cast->loop = &demo->loop;
    cast->seed = (uint64_t)demo->seed;
    cast->target = demo->nodes < 2 * TARGET_MAX ? 1 : TARGET_MAX;
    cast->folder = demo->folder;
    cast->policy_path = demo->policy;
    cast->traces = demo->traces;
    cast->tell = on_told;
    cast->ended = on_ended;
    cast->context = demo;
    cast->workspace = workspace_new(&demo->loop);
    if (!cast->workspace)
        return ERR_NO_MEMORY;
    return demo_cast_open(cast, (unsigned)demo->nodes, why);
}

static int run_cast(struct demo *demo)
{
    static const struct log silent = {.level = LOG_NONE};
    char why[RUNNER_WHY_MAX];
    if (!demo->wants_json) {
        greet(demo);
        demo_view_open(&demo->view, &demo->cast, stdout);
    }
    open_handles(demo);
    if (ops_new(&demo->loop, &silent, &demo->ops) == ERR_OK)
        ops_watch(demo->ops, demo->policy, policy_changed, demo);
    demo->cast.ops = demo->homes ? demo->ops : NULL;
    bool is_good = demo_cast_start(&demo->cast, why) == ERR_OK;
    if (!is_good) {
        fail(why);
        demo->is_stopping = true;
        demo_cast_stop(&demo->cast);
    }
    uv_run(&demo->loop, UV_RUN_DEFAULT);
    return is_good && demo_report_is_good(&demo->report) ? EXIT_OK : EXIT_FAILED;
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

/* What a visitor edited is kept. */
static void clean_up(const struct demo *demo)
{
    bool is_edited = demo->cast.policy_loads + demo->cast.policy_errors > 0;
    bool is_inside = strncmp(demo->policy, demo->folder, strlen(demo->folder)) == 0;
    if (demo->homes || !*demo->folder)
        return;
    if (!is_edited || !is_inside)
        nftw(demo->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    else if (!demo->wants_json)
        printf("Your policy is kept: %s\n", demo->policy);
}

static int run_demo(struct demo *demo, const char *policy)
{
    char why[RUNNER_WHY_MAX] = "out of memory";
    if (uv_loop_init(&demo->loop) != 0)
        return fail("cannot make an event loop");
    limits_raise();
    int code = open_cast(demo, policy, why) == ERR_OK ? run_cast(demo) : fail(why);
    demo_cast_close(&demo->cast);
    ops_free(demo->ops);
    workspace_free(demo->cast.workspace);
    if (uv_loop_close(&demo->loop) != 0)
        code = fail("the loop still had work");
    clean_up(demo);
    return code;
}

/* The whole path of a folder, which is made if it is missing; heap. NULL: errno says why. */
static char *folder_made(const char *path)
{
    bool is_there = mkdir(path, 0755) == 0 || errno == EEXIST;
    return is_there ? realpath(path, NULL) : NULL;
}

static int demo(const struct flags *flags)
{
    static struct demo made = {.folder = "/tmp/luapex-demo-XXXXXX"};
    made.nodes = 8;
    made.run_ms = SECONDS_MS(30);
    made.seed = (int64_t)(machine_seed() % 1000000);
    made.wants_json = flags_has(flags, "json");
    made.homes = flags_value(flags, "homes");
    if (!flags_integer(flags, "nodes", 2, DEMO_NODES_MAX, &made.nodes) ||
        !flags_integer(flags, "seed", 0, INT64_MAX, &made.seed) ||
        !flags_duration(flags, "for", 0, HOURS_MS(24), &made.run_ms))
        return EXIT_MISUSE;
    const char *traces = flags_value(flags, "trace");
    if (traces && !(made.traces = folder_made(traces)))
        return flags_misuse(flags->command, "--trace: cannot make %s: %s", traces, strerror(errno));
    int code = run_demo(&made, flags_value(flags, "policy"));
    free(made.traces);
    return code;
}

const struct command command_demo = {
    .name = "demo",
    .arguments = "",
    .summary = "watch nodes find each other on this machine",
    .about = "Runs a seed and several nodes in one process, on 127.0.0.0/8, with real sockets and\n"
             "handshakes. At first each node knows only the seed. Each holds its writes back by "
             "its own\n"
             "delay of 5 to 300 ms, so that there are distances to see. One policy file steers "
             "them all.\n"
             "Fails unless every node reached an outbound peer and ends with a peer that is not "
             "the seed.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .run = demo,
};
