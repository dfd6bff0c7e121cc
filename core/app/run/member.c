#include "app/run/member.h"

#include "app/home/home.h"
#include "app/home/home_lock.h"
#include "app/run/descriptors.h"
#include "app/settings/settings_variable.h"
#include "app/text/complain.h"
#include "uv/machine.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_PER_HOME 16 /* sockets that listen, database, lock, trace */

/* ---- settings ---- */

static bool misuse_setting(const struct flags *flags, size_t homes_n, const char *what)
{
    flags_misuse(flags->command,
        "%s is about one node, but %zu homes are given; set it in the config/config.toml of each",
        what, homes_n);
    return false;
}

/* What sets something of one node must say of which. */
static bool only_process_settings(const struct flags *flags, size_t homes_n)
{
    char what[SETTINGS_VARIABLE_MAX + 24];
    for (size_t i = 0; i < flags->settings_n; i++) {
        if (setting_is_of_process(setting_find_name(flags->settings[i].name)))
            continue;
        snprintf(what, sizeof what, "--%s", flags->settings[i].name);
        return misuse_setting(flags, homes_n, what);
    }
    for (size_t i = 0; i < settings_table_n; i++) {
        char name[SETTINGS_VARIABLE_MAX];
        const struct setting *setting = &settings_table[i];
        if (setting_is_of_process(setting) || !settings_variable(environ, setting, name))
            continue;
        snprintf(what, sizeof what, "the variable %s", name);
        return misuse_setting(flags, homes_n, what);
    }
    return true;
}

static bool is_same_folder(const char *a, const char *b)
{
    struct stat of_a, of_b;
    return stat(a, &of_a) == 0 && stat(b, &of_b) == 0 && of_a.st_dev == of_b.st_dev &&
        of_a.st_ino == of_b.st_ino;
}

static bool are_distinct(const struct flags *flags, size_t homes_n)
{
    for (size_t i = 0; i < homes_n; i++) {
        const char *home = flags_nth(flags, "home", i);
        for (size_t k = 0; k < i; k++) {
            if (!is_same_folder(home, flags_nth(flags, "home", k)))
                continue;
            flags_misuse(flags->command, "--home %s is the same as --home %s", home,
                flags_nth(flags, "home", k));
            return false;
        }
    }
    return true;
}

static bool are_usable(const struct flags *flags, size_t homes_n)
{
    if (homes_n > MEMBERS_MAX) {
        flags_misuse(
            flags->command, "%zu homes, but one process runs %d at most", homes_n, MEMBERS_MAX);
        return false;
    }
    return only_process_settings(flags, homes_n) && are_distinct(flags, homes_n);
}

/* All lines of a process look alike: in the format of the first home. */
static void open_log(struct member *member, const struct member *first)
{
    member->writer = (struct log_writer){STDOUT_FILENO, first->settings.log_format,
        member->settings.log_level, member->name, log_writer_is_journal(STDOUT_FILENO)};
    member->log = log_writer_log(&member->writer);
}

/* An exit status. */
static int read_settings(
    const struct flags *flags, struct member *members, size_t homes_n, size_t i)
{
    struct member *member = &members[i];
    member->lock = -1;
    if (homes_n > 1)
        member->name = flags_nth(flags, "home", i);
    int code = member->name ? home_settings_of(member->name, flags, &member->settings)
                            : home_settings(flags, &member->settings);
    if (code == EXIT_OK)
        open_log(member, &members[0]);
    return code;
}

bool members_read(
    const struct flags *flags, struct member members[MEMBERS_MAX], size_t *n, int *code)
{
    size_t homes_n = flags_count(flags, "home");
    *n = 0;
    *code = EXIT_MISUSE;
    if (homes_n > 1 && !are_usable(flags, homes_n))
        return false;
    do {
        *code = read_settings(flags, members, homes_n, *n);
        if (*code != EXIT_OK)
            return false;
    } while (++*n < homes_n);
    return true;
}

/* ---- one ---- */

/* Whoever has the key can pass for this node. */
static void warn_of_readers(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)))
        complain(
            "luapex: warning: %s: the private key is open to others; run chmod 600 %s", path, path);
}

static enum err make_key(const char *path, struct node_key *key, char *cause)
{
    char id[PEER_ID_TEXT + 1];
    enum err err = home_make_node_key(path, key, cause);
    if (!err)
        complain("luapex: warning: %s was not there: made a new key, this node is %s now", path,
            peer_id_text(&key->id, id));
    return err;
}

static enum err read_key(const struct settings *settings, struct node_key *key, char *cause)
{
    char *path = settings_path(settings, settings->node_key_file);
    if (!path) {
        snprintf(cause, HOME_CAUSE_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    enum err err = home_node_key(settings, key, cause);
    if (err == ERR_NOT_FOUND)
        err = make_key(path, key, cause);
    else if (!err)
        warn_of_readers(path);
    free(path);
    return err;
}

static enum err read_identity(struct member *member, char *cause)
{
    enum err err = home_lock(&member->settings, &member->lock, cause);
    if (!err) /* before a key is made, perhaps in a home of something else */
        err = home_network(&member->settings, member->network, cause);
    if (!err)
        err = read_key(&member->settings, &member->key, cause);
    return err;
}

static enum err open_runner(struct member *member, struct workspace *workspace, char *cause)
{
    const struct runner_options options = {
        .workspace = workspace,
        .settings = &member->settings,
        .key = &member->key,
        .network = member->network,
        .log = member->log,
        .rng_seed = machine_seed(),
    };
    return runner_open(&member->runner, &options, cause);
}

/* Names the home where there are several, unless the cause begins with it. */
static enum err explain(const struct member *member, enum err err, const char *cause, char *why)
{
    const char *name = member->name ? member->name : "";
    if (!err)
        return ERR_OK;
    bool is_named = strncmp(cause, name, strlen(name)) == 0;
    snprintf(why, MEMBER_WHY_MAX, "%s%s%s", is_named ? "" : name, is_named ? "" : ": ", cause);
    return err;
}

enum err member_take(struct member *member, char *why)
{
    char cause[HOME_CAUSE_MAX];
    return explain(member, read_identity(member, cause), cause, why);
}

enum err member_open(struct member *member, struct workspace *workspace, char *why)
{
    char cause[RUNNER_WHY_MAX];
    return explain(member, open_runner(member, workspace, cause), cause, why);
}

/* IDs with commas; cut where a text of the log ends. */
struct id_texts {
    char text[LOG_TEXT_MAX];
    size_t n; /* bytes */
};

static void add_id(struct id_texts *texts, const struct peer_id *id)
{
    char text[PEER_ID_TEXT + 1];
    size_t room = sizeof texts->text - texts->n;
    if (room < 2 + PEER_ID_TEXT)
        return;
    texts->n += (size_t)snprintf(
        texts->text + texts->n, room, "%s%s", texts->n > 0 ? "," : "", peer_id_text(id, text));
}

/* Who is always dialed, and who may always connect (S4, S6). */
static void announce_peers(const struct member *member)
{
    const struct address_list *persistent = &member->settings.p2p.persistent_peers;
    const struct id_list *unconditional = &member->settings.p2p.unconditional_peer_ids;
    struct id_texts texts[2] = {{"", 0}, {"", 0}};
    for (size_t i = 0; i < persistent->n; i++)
        add_id(&texts[0], &persistent->items[i].id);
    for (size_t i = 0; i < unconditional->n; i++)
        add_id(&texts[1], &unconditional->items[i]);
    if (persistent->n > 0)
        log_write(&member->log, LOG_INFO, "persistent peers", LOG_NUMBER("peers", persistent->n),
            LOG_TEXT("list", texts[0].text));
    if (unconditional->n > 0)
        log_write(&member->log, LOG_INFO, "unconditional peers",
            LOG_NUMBER("peers", unconditional->n), LOG_TEXT("list", texts[1].text));
}

void member_announce(const struct member *member)
{
    char id[PEER_ID_TEXT + 1], at[ADDR_TEXT_MAX];
    struct endpoint listen = runner_endpoint(&member->runner);
    struct script_stats policy;
    script_stats(member->runner.script, &policy);
    log_write(&member->log, LOG_INFO, "listening", LOG_TEXT("addr", endpoint_to_text(&listen, at)),
        LOG_TEXT("id", peer_id_text(&member->key.id, id)), LOG_TEXT("network", member->network),
        LOG_TEXT("policy", policy.name),
        LOG_NUMBER("known", book_count(node_book(member->runner.node))),
        LOG_TEXT("version", LUAPEX_VERSION));
    announce_peers(member);
    if (!member->settings.p2p.pex)
        log_write(&member->log, LOG_INFO, "no channel is offered, as p2p.pex is false",
            LOG_TEXT("hence", "seeds are not asked, peers that only exchange addresses refuse us"));
}

bool member_metrics(const struct member *member, struct metrics_node *made)
{
    const struct runner *runner = &member->runner;
    if (!runner->is_started || runner->is_stopped)
        return false;
    *made = (struct metrics_node){
        .namespace_ = member->settings.instrumentation.namespace_,
        .network = member->network,
        .id = member->key.id,
        .node = runner->node,
        .host = runner->host,
        .script = runner->script,
        .now = machine_now(runner->options.workspace->loop),
    };
    return true;
}

void member_release(struct member *member)
{
    runner_close(&member->runner);
    home_unlock(member->lock);
    member->lock = -1;
}

void member_close(struct member *member)
{
    member_release(member);
    settings_free(&member->settings);
    crypto_wipe(&member->key, sizeof member->key);
}

/* ---- all of them together ---- */

/* What all homes need, by setting. */
static enum err check_files(const struct member *members, size_t n, char *why)
{
    struct limits_use uses[DESCRIPTOR_USES + 1] = {{"", 0}};
    for (size_t i = 0; i < n; i++) {
        struct limits_use of_one[DESCRIPTOR_USES];
        descriptors_of(&members[i].settings, of_one);
        for (size_t k = 0; k < DESCRIPTOR_USES; k++) {
            uses[k].setting = of_one[k].setting;
            uses[k].n += of_one[k].n;
        }
    }
    uses[DESCRIPTOR_USES] =
        (struct limits_use){"files of every further home", (n - 1) * FILES_PER_HOME};
    size_t uses_n = n > 1 ? DESCRIPTOR_USES + 1 : DESCRIPTOR_USES;
    size_t at = 0;
    if (n > 1)
        at = (size_t)snprintf(why, MEMBER_WHY_MAX, "the %zu homes together: ", n);
    return limits_check(limits_raise(), uses, uses_n, why + at, MEMBER_WHY_MAX - at);
}

/* One ID may be on a network only once: its peers would drop either node in turn. */
static enum err check_ids(const struct member *members, size_t n, char *why)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            if (!peer_id_equal(&members[i].key.id, &members[k].key.id) ||
                strcmp(members[i].network, members[k].network) != 0)
                continue;
            snprintf(why, MEMBER_WHY_MAX, "%s and %s have the same node key, on one network",
                members[k].name, members[i].name);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

enum err members_check(const struct member *members, size_t n, char *why)
{
    enum err err = check_files(members, n, why);
    return err ? err : check_ids(members, n, why);
}
