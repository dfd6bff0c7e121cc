/* The life of a host, its timer, its resolver and its store. */
#include "rig.h"
#include "uv/sockaddr.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void ask_tick(struct node *node, const struct event *event, struct outbox *outbox)
{
    (void)outbox;
    struct rig *rig = node->test;
    if (event->kind == EVENT_START || seen_count(node, EVENT_TICK) == 1)
        node->deadline_ms = machine_now(&rig->loop).mono_ms + 10;
}

static void host_ticks_at_the_nodes_deadline(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->node.react = ask_tick;
    a->node.test = &rig;
    rig_start(&rig, a);
    assert_int_equal(a->node.seen[0].kind, EVENT_START);
    rig_until(&rig, seen_count(&a->node, EVENT_TICK) == 2);
    assert_int_equal(a->host->armed_ms, NEVER_MS);
    rig_close(&rig);
}

static void host_forwards_commands_and_loads(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    host_command(a->host, &(struct node_command){.kind = COMMAND_SAVE});
    host_policy_loaded(a->host, "diverse");
    assert_int_equal(seen_count(&a->node, EVENT_COMMAND), 1);
    assert_int_equal(seen_count(&a->node, EVENT_POLICY_LOADED), 1);
    rig_close(&rig);
}

static void act_resolve(struct rig_host *host, uint64_t token, const char *name)
{
    struct action *action = outbox_add(&host->host->outbox, ACTION_RESOLVE, 0);
    action->resolve.token = token;
    action->resolve.host = name;
    rig_act(host);
}

static void host_resolves_names(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    act_resolve(a, 1, "localhost");
    rig_until(&rig, seen_count(&a->node, EVENT_RESOLVED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_RESOLVED)->err, ERR_OK);
    assert_true(ip_is_local(&seen_last(&a->node, EVENT_RESOLVED)->ip));
    act_resolve(a, 2, "..not a name..");
    rig_until(&rig, seen_count(&a->node, EVENT_RESOLVED) == 2);
    assert_int_equal(seen_last(&a->node, EVENT_RESOLVED)->err, ERR_LOOKUP);
    rig_close(&rig);
}

static void host_bounds_lookups_in_flight(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    for (uint64_t i = 0; i <= RESOLVER_PENDING_MAX; i++)
        act_resolve(a, i, "localhost");
    assert_int_equal(seen_count(&a->node, EVENT_RESOLVED), 1);
    assert_int_equal(seen_last(&a->node, EVENT_RESOLVED)->err, ERR_LOOKUP);
    rig_close(&rig); /* and gives the others up */
}

/* ---- store ---- */

struct folder {
    char path[64], file[96], fresh[112];
};

static struct folder folder_new(void)
{
    struct folder folder;
    strcpy(folder.path, "/tmp/luapex-store-XXXXXX");
    assert_non_null(mkdtemp(folder.path));
    snprintf(folder.file, sizeof folder.file, "%s/addrbook.json", folder.path);
    snprintf(folder.fresh, sizeof folder.fresh, "%s.new", folder.file);
    return folder;
}

static void folder_remove(const struct folder *folder)
{
    unlink(folder->file);
    rmdir(folder->fresh);
    assert_int_equal(rmdir(folder->path), 0); /* nothing else was left there */
}

static void assert_file(const char *path, const char *text)
{
    char read_back[64] = {0};
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(read_back, 1, sizeof read_back - 1, file);
    fclose(file);
    assert_int_equal(n, strlen(text));
    assert_string_equal(read_back, text);
}

static void add_store(struct outbox *outbox, const char *text)
{
    struct action *action = outbox_add(outbox, ACTION_EXPORT, 0);
    action->export.image = strdup(text);
    action->export.n = strlen(text);
}

static void host_stores_the_newest_image_B50(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->settings.book_path = folder.file;
    rig_start(&rig, a);
    add_store(&a->host->outbox, "one");
    add_store(&a->host->outbox, "two");
    add_store(&a->host->outbox, "three");
    rig_act(a);
    rig_until(&rig, seen_count(&a->node, EVENT_EXPORTED) == 2); /* "two" was overtaken */
    assert_int_equal(seen_last(&a->node, EVENT_EXPORTED)->err, ERR_OK);
    assert_file(folder.file, "three");
    struct stat info;
    assert_int_equal(stat(folder.file, &info), 0);
    assert_int_equal(info.st_mode & 0133, 0);
    rig_close(&rig);
    folder_remove(&folder);
}

static void host_keeps_the_old_file_when_storing_fails(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    assert_int_equal(store_replace_file(folder.file, "old", 3), ERR_OK);
    assert_int_equal(mkdir(folder.fresh, 0700), 0); /* in the way of the new file */
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->settings.book_path = folder.file;
    rig_start(&rig, a);
    add_store(&a->host->outbox, "new");
    rig_act(a);
    rig_until(&rig, seen_count(&a->node, EVENT_EXPORTED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_EXPORTED)->err, ERR_IO);
    assert_file(folder.file, "old");
    rig_close(&rig);
    folder_remove(&folder);
}

static void host_store_removes_what_a_crash_left(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    FILE *left = fopen(folder.fresh, "w");
    assert_non_null(left);
    fclose(left);
    assert_int_equal(store_replace_file(folder.file, "new", 3), ERR_OK);
    assert_file(folder.file, "new");
    folder_remove(&folder);
}

/* ---- stopping ---- */

static void save_and_leave(struct node *node, const struct event *event, struct outbox *outbox)
{
    if (event->kind != EVENT_COMMAND || event->command.kind != COMMAND_STOP)
        return;
    add_store(outbox, "last");
    const struct seen *peer = seen_last(node, EVENT_ESTABLISHED);
    if (peer) {
        act_list(outbox, peer->conn, PEX_SELECTION_MAX);
        act_close(outbox, peer->conn, SECONDS_MS(10));
    }
}

static void host_stop_saves_and_takes_leave(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_add(&rig);
    b->settings.book_path = folder.file;
    b->node.react = save_and_leave;
    rig_start(&rig, b);
    rig_connect(&rig, a, b);
    host_stop(b->host, rig_stopped, b);
    rig_until(&rig, b->stopped);
    assert_file(folder.file, "last");
    rig_until(&rig, seen_count(&a->node, EVENT_CLOSED) == 1);
    assert_int_equal(seen_last(&a->node, EVENT_MESSAGE)->n, PEX_SELECTION_MAX);
    assert_int_equal(seen_last(&b->node, EVENT_COMMAND) - b->node.seen, b->node.seen_n - 1);
    rig_close(&rig);
    folder_remove(&folder);
}

static void store_twice(struct node *node, const struct event *event, struct outbox *outbox)
{
    bool stops = event->kind == EVENT_COMMAND && event->command.kind == COMMAND_STOP;
    if (stops || (event->kind == EVENT_STORED && seen_count(node, EVENT_STORED) == 1))
        outbox_add(outbox, ACTION_STORE, 0);
}

/* As the node does with rows that were under way: it can only if it hears of them. */
static void host_stop_waits_for_rows_that_are_stored_once_more(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    char path[160];
    snprintf(path, sizeof path, "%s/missing/luapex.db", folder.path);
    a->settings.store_path = path;
    a->node.react = store_twice;
    rig_start(&rig, a);
    host_stop(a->host, rig_stopped, a);
    rig_until(&rig, a->stopped);
    assert_int_equal(seen_count(&a->node, EVENT_STORED), 2);
    assert_int_equal(seen_last(&a->node, EVENT_STORED)->err, ERR_IO);
    rig_close(&rig);
    folder_remove(&folder);
}

static void store_now(struct rig *rig, struct rig_host *host)
{
    unsigned before = seen_count(&host->node, EVENT_STORED);
    outbox_add(&host->host->outbox, ACTION_STORE, 0);
    rig_act(host);
    rig_until(rig, seen_count(&host->node, EVENT_STORED) == before + 1);
}

static void host_knows_since_when_rows_cannot_be_stored(void **state)
{
    (void)state;
    struct folder folder = folder_new();
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    char missing[140], path[160];
    snprintf(missing, sizeof missing, "%s/missing", folder.path);
    snprintf(path, sizeof path, "%s/luapex.db", missing);
    a->settings.store_path = path;
    rig_start(&rig, a);
    assert_int_equal(host_storing(a->host)->failing_since_ms, 0);
    store_now(&rig, a);
    struct host_storing first = *host_storing(a->host);
    assert_true(first.failures == 1 && first.failing_since_ms > 0 && *first.why);
    store_now(&rig, a);
    struct host_storing second = *host_storing(a->host);
    assert_true(second.failures == 2 && second.failing_since_ms == first.failing_since_ms);
    assert_int_equal(mkdir(missing, 0700), 0);
    store_now(&rig, a);
    struct host_storing last = *host_storing(a->host);
    assert_true(last.failures == 2 && last.failing_since_ms == 0 && !*last.why);
    rig_close(&rig);
    unlink(path);
    rmdir(missing);
    folder_remove(&folder);
}

/* A part of a transaction says nothing yet. */
static void host_stores_nothing_before_the_last_part(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig);
    a->settings.store_path = "/nonexistent/luapex.db";
    store_now(&rig, a);
    a->settings.store_path = NULL; /* whatever comes is written */
    outbox_add(&a->host->outbox, ACTION_STORE, 0)->store.more = true;
    rig_act(a);
    rig_until(&rig, seen_count(&a->node, EVENT_STORED) == 2);
    assert_true(host_storing(a->host)->failing_since_ms > 0);
    store_now(&rig, a);
    assert_int_equal(host_storing(a->host)->failing_since_ms, 0);
    rig_close(&rig);
}

static void host_stop_ends_dials_handshakes_and_lookups(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_run(&rig), *b = rig_run(&rig);
    struct endpoint at = host_listen_endpoint(a->host);
    struct sockaddr_storage address;
    socklen_t n = sockaddr_of_endpoint(&at, &address);
    int silent = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(silent, (struct sockaddr *)&address, n), 0);
    rig_until(&rig, seen_count(&a->node, EVENT_ACCEPTED) == 1);
    struct addr addr = rig_addr(b);
    rig_dial(a, 1, &addr);
    act_resolve(a, 1, "localhost");
    host_stop(a->host, rig_stopped, a);
    rig_until(&rig, a->stopped);
    assert_int_equal(host_counts(a->host).sockets, 0);
    assert_null(seen_last(&a->node, EVENT_RESOLVED));
    assert_null(seen_last(&a->node, EVENT_CLOSED));
    close(silent);
    rig_close(&rig);
}

static void abort_at_start(struct node *node, const struct event *event, struct outbox *outbox)
{
    (void)node;
    if (event->kind == EVENT_START)
        outbox_add(outbox, ACTION_ABORT, 0)->abort.why = "no seed is online";
}

static void stop_when_aborted(void *context, const char *why)
{
    struct rig_host *host = context;
    assert_string_equal(why, "no seed is online");
    host_stop(host->host, rig_stopped, host);
}

static void host_may_be_stopped_when_the_node_aborts_R6(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    a->node.react = abort_at_start;
    a->settings.aborted = stop_when_aborted;
    a->settings.context = a;
    rig_start(&rig, a);
    rig_until(&rig, a->stopped);
    rig_close(&rig);
}

static void host_runs_many_nodes_on_one_loop(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *hub = rig_run(&rig);
    for (unsigned i = 1; i < RIG_HOSTS_MAX; i++)
        rig_connect(&rig, rig_run(&rig), hub);
    assert_int_equal(seen_count(&hub->node, EVENT_ESTABLISHED), RIG_HOSTS_MAX - 1);
    assert_int_equal(hub->host->tcps_n, RIG_HOSTS_MAX - 1);
    rig_close(&rig);
}

static void host_that_never_ran_can_be_freed(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig);
    struct rig_host *a = rig_add(&rig);
    struct endpoint at = rig_endpoint(0, 0);
    const char *why;
    assert_int_equal(host_listen(a->host, &at, &why), ERR_OK);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_ticks_at_the_nodes_deadline),
        cmocka_unit_test(host_forwards_commands_and_loads),
        cmocka_unit_test(host_resolves_names),
        cmocka_unit_test(host_bounds_lookups_in_flight),
        cmocka_unit_test(host_stores_the_newest_image_B50),
        cmocka_unit_test(host_keeps_the_old_file_when_storing_fails),
        cmocka_unit_test(host_store_removes_what_a_crash_left),
        cmocka_unit_test(host_stop_saves_and_takes_leave),
        cmocka_unit_test(host_stop_waits_for_rows_that_are_stored_once_more),
        cmocka_unit_test(host_knows_since_when_rows_cannot_be_stored),
        cmocka_unit_test(host_stores_nothing_before_the_last_part),
        cmocka_unit_test(host_stop_ends_dials_handshakes_and_lookups),
        cmocka_unit_test(host_may_be_stopped_when_the_node_aborts_R6),
        cmocka_unit_test(host_runs_many_nodes_on_one_loop),
        cmocka_unit_test(host_that_never_ran_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
