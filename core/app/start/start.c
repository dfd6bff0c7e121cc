#include "app/cli/commands.h"
#include "app/control/controller.h"
#include "app/metrics/metrics_file.h"
#include "app/metrics/metrics_server.h"
#include "app/run/member.h"
#include "app/start/names.h"
#include "app/start/notify.h"
#include "app/text/complain.h"
#include "ops/ops.h"
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define GRACE_MS 3000 /* for name look-ups that cannot be cancelled, once everything else ended */

static const struct flag own_flags[] = {
    {"home", "DIR",
        "Directory of this node; default: $LUAPEX_HOME, else ~/.luapex. Given several times: one "
        "node for each."},
};

struct start {
    uv_loop_t loop;
    uv_signal_t signals[4];
    uv_timer_t grace;
    struct notify notify;
    struct workspace *workspace;
    struct names *names;
    struct ops *ops;
    struct log_writer writer;
    struct log log; /* of the process */
    struct member members[MEMBERS_MAX];
    struct metrics_server metrics;
    struct controller controllers[MEMBERS_MAX]; /* of the member at the same place */
    size_t members_n;
    size_t running_n;
    bool is_stopping; /* by a signal: all of them; another one ends the process */
    bool has_stopped; /* a node ended as it was told to */
    int code;
};

static int fail(const char *why)
{
    complain("luapex: error: %s", why);
    return EXIT_FAILED;
}

/* ---- while it runs ---- */

static void watch(struct start *start)
{
    if (ops_new(&start->loop, &start->log, &start->ops) != ERR_OK)
        return; /* it has said why; SIGHUP reloads and TERM stops all the same */
    for (size_t i = 0; i < start->members_n; i++)
        runner_watch_policy(&start->members[i].runner, start->ops);
}

static _Noreturn void leave(const struct start *start)
{
    log_write(&start->log, LOG_INFO, "leaving while a name look-up still runs");
    _exit(start->code);
}

static void on_grace(uv_timer_t *timer)
{
    leave(timer->data);
}

static void close_signals(struct start *start)
{
    for (size_t i = 0; i < sizeof start->signals / sizeof *start->signals; i++)
        uv_close((uv_handle_t *)&start->signals[i], NULL);
}

static size_t place_of(const struct start *start, const struct runner *runner)
{
    size_t i = 0;
    while (&start->members[i].runner != runner)
        i++;
    return i;
}

/* A node that ends does not take the others with it, and leaves its home to whoever wants it. After
 * the last one only what must not hold the loop is left. */
static void on_member_stopped(void *context, struct runner *runner)
{
    struct start *start = context;
    size_t i = place_of(start, runner);
    controller_close(&start->controllers[i]);
    if (runner->aborted) {
        log_write(
            &runner->options.log, LOG_ERROR, "node gave up", LOG_TEXT("error", runner->aborted));
        start->code = EXIT_FAILED;
    }
    if (runner_left_unstored(runner))
        start->code = EXIT_FAILED;
    start->has_stopped |= !runner->aborted;
    member_release(&start->members[i]);
    log_write(&start->members[i].log, LOG_DEBUG, "home released");
    if (--start->running_n > 0)
        return;
    close_signals(start);
    metrics_server_close(&start->metrics);
    if (start->ops)
        ops_close(start->ops);
    uv_timer_start(&start->grace, on_grace, GRACE_MS, 0);
    uv_unref((uv_handle_t *)&start->grace);
}

static void stop(struct start *start)
{
    start->is_stopping = true;
    notify_stopping(&start->notify);
    for (size_t i = 0; i < start->members_n; i++)
        runner_stop(&start->members[i].runner);
}

static void reload_policy(struct member *member)
{
    if (member->runner.is_stopped)
        return;
    if (member->runner.policy_path)
        runner_reload_policy(&member->runner);
    else
        log_write(&member->log, LOG_INFO, "no policy file to load",
            LOG_TEXT("to_do", "set policy.file, or: luapex ctl policy load FILE"));
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct start *start = handle->data;
    if (number == SIGUSR1) {
        metrics_file_write(start->members, start->members_n, &start->log);
        return;
    }
    if (number == SIGHUP) {
        for (size_t i = 0; i < start->members_n; i++)
            reload_policy(&start->members[i]);
        return;
    }
    if (start->is_stopping)
        _exit(EXIT_FAILED);
    log_write(&start->log, LOG_INFO, "stopping", LOG_TEXT("signal", strsignal(number)));
    stop(start);
}

static void open_signals(struct start *start)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uv_signal_init(&start->loop, &start->signals[i]);
        start->signals[i].data = start;
        uv_signal_start(&start->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&start->loop, &start->grace);
    start->grace.data = start;
    signal(SIGPIPE, SIG_IGN);
}

static void open_controller(struct start *start, struct member *member)
{
    struct controller *controller = &start->controllers[place_of(start, &member->runner)];
    *controller = (struct controller){.runner = &member->runner,
        .ops = start->ops,
        .settings = &member->settings,
        .log_level = &member->writer.level};
    controller_open(controller);
}

/* Whoever waits for the line "listening" finds every socket of the home open. */
static enum err start_member(struct start *start, struct member *member, char *why)
{
    if (start->ops)
        open_controller(start, member);
    member_announce(member);
    start->running_n++;
    return runner_start(&member->runner, on_member_stopped, start, why);
}

/* ---- life ---- */

/* Nothing runs before everything is open. */
static enum err open_all(struct start *start, char *why)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < start->members_n && !err; i++)
        err = member_take(&start->members[i], why);
    if (!err)
        err = members_check(start->members, start->members_n, why);
    if (!err)
        start->names = names_look_up(start->members, start->members_n);
    for (size_t i = 0; i < start->members_n && !err; i++)
        err = member_open(&start->members[i], start->workspace, why);
    if (!err)
        err = metrics_server_open(&start->metrics, start->members, start->members_n, why);
    return err;
}

static void start_all(struct start *start, char *why)
{
    watch(start);
    for (size_t i = 0; i < start->members_n && start->code == EXIT_OK; i++) {
        if (start_member(start, &start->members[i], why) == ERR_OK)
            continue;
        start->code = fail(why);
        stop(start);
    }
    if (!start->is_stopping)
        notify_ready(&start->notify);
}

/* Signals come first: one that arrives while a large book is read stops the node afterwards. */
static void run(struct start *start)
{
    char why[MEMBER_WHY_MAX] = "out of memory";
    open_signals(start);
    notify_open(&start->notify, &start->loop);
    start->workspace = workspace_new(&start->loop);
    if (start->workspace && open_all(start, why) == ERR_OK) {
        start_all(start, why);
    } else {
        start->code = fail(why);
        close_signals(start);
        metrics_server_close(&start->metrics);
    }
    uv_run(&start->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&start->grace, NULL);
    notify_close(&start->notify);
    uv_run(&start->loop, UV_RUN_DEFAULT);
}

static void close_members(struct start *start)
{
    for (size_t i = 0; i < start->members_n; i++)
        member_close(&start->members[i]);
}

static void close_all(struct start *start)
{
    close_members(start);
    ops_free(start->ops);
    metrics_server_free(&start->metrics);
    workspace_free(start->workspace);
    if (uv_loop_close(&start->loop) != 0) {
        log_write(&start->log, LOG_ERROR, "the loop still had work");
        start->code = EXIT_FAILED;
    }
    if (start->has_stopped)
        log_write(&start->log, LOG_INFO, "stopped");
    if (!names_end(start->names))
        leave(start);
}

static int start(const struct flags *flags)
{
    static struct start made;
    if (!members_read(flags, made.members, &made.members_n, &made.code)) {
        close_members(&made);
        return made.code;
    }
    const struct settings *first = &made.members[0].settings;
    made.writer = (struct log_writer){STDOUT_FILENO, first->log_format, first->log_level, NULL,
        log_writer_is_journal(STDOUT_FILENO)};
    made.log = log_writer_log(&made.writer);
    if (uv_loop_init(&made.loop) != 0)
        return fail("cannot make an event loop");
    run(&made);
    close_all(&made);
    return made.code;
}

const struct command command_start = {
    .name = "start",
    .arguments = "",
    .summary = "run a node, or one for each of several homes",
    .about = "Joins the network of its home directory: connects to seeds and peers, exchanges\n"
             "addresses, keeps the address book. A home made by CometBFT works as it is.\n"
             "The log goes to standard output; into systemd's journal with its levels. A service\n"
             "manager is told when the node is ready, stops, and that its loop turns (sd_notify).\n"
             "Without one the line \"listening\" of a home says that its sockets are open: for\n"
             "peers, for control and, where they are set, for control over TCP and for metrics.\n\n"
             "With several --home one process runs a node for each, every one with its own\n"
             "network, port, address book and policy, as its config.toml says; settings of a\n"
             "node are no flags then. Lines of the log name the home.\n\n"
             "Signals: INT, TERM  save the address book and stop (a second one: at once)\n"
             "         HUP        load the policy again\n"
             "         USR1       write metrics to data/metrics.prom of the (first) home, as text\n"
             "                    for Prometheus\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .takes_settings = true,
    .run = start,
};
