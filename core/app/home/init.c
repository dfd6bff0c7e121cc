#include "app/cli/commands.h"
#include "app/home/home.h"
#include "app/settings/settings_template.h"
#include "app/settings/settings_value.h"
#include "app/text/complain.h"
#include "ops/file.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct flag own_flags[] = {
    FLAG_HOME,
    {"network", "NAME", "Network (chain ID) to join; not needed if HOME has a genesis.json."},
    {"seeds", "LIST", "Short for --p2p.seeds."},
};

static int init(const struct flags *flags);

const struct command command_init = {
    .name = "init",
    .arguments = "",
    .summary = "make a home directory for a node",
    .about =
        "Writes config/config.toml, with every setting explained, and config/node_key.json, the\n"
        "private key that the node's ID is made from. Settings given as flags go into the new\n"
        "config.toml. Files that exist are kept as they are; flags that say something else than\n"
        "the config.toml that is there are an error.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .takes_settings = true,
    .run = init,
};

/* What `init` is about to make. */
struct plan {
    const char *home;
    char host[HOST_NAME_MAX + 1];
    struct settings_override values[FLAGS_MAX + 3];
    size_t values_n;
    size_t given_at;          /* from here on they are flags */
    struct settings settings; /* those values, checked */
};

static void say(const char *what, const char *path)
{
    printf("%-5s %s\n", what, path);
}

static bool fail(const char *path, const char *cause)
{
    complain("luapex: error: %s: %s", path, cause);
    return false;
}

static void add_value(struct plan *plan, const char *name, const char *value)
{
    if (value)
        plan->values[plan->values_n++] = (struct settings_override){name, value};
}

/* ---- folders ---- */

/* Makes path and what is missing above it. */
static bool make_folders(const char *path)
{
    char part[PATH_MAX];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return fail(path, strerror(ENAMETOOLONG));
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        memcpy(part, path, i);
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            complain("luapex: error: cannot make the folder %s: %s", part, strerror(errno));
            return false;
        }
    }
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return fail(path, strerror(ENOTDIR));
    return true;
}

static bool make_folder_of(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    bool is_made = true;
    if (slash && slash != folder) {
        *slash = 0;
        is_made = make_folders(folder);
    }
    free(folder);
    return is_made;
}

/* ---- files ---- */

static bool write_config(const struct plan *plan, const char *path)
{
    char *text = NULL, cause[FILE_CAUSE_MAX];
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return fail(path, "out of memory");
    settings_template_write(out, plan->values, plan->values_n);
    bool is_complete = fclose(out) == 0;
    enum err err = is_complete ? file_create(path, 0644, text, n, cause) : ERR_NO_MEMORY;
    free(text);
    if (err == ERR_FULL)
        say("kept", path);
    else if (!err)
        say("made", path);
    else
        return fail(path, is_complete ? cause : "out of memory");
    return true;
}

/* Makes or keeps the node key and prints its ID. */
static bool write_node_key(const struct plan *plan, const char *path)
{
    struct node_key key;
    char cause[HOME_CAUSE_MAX], id[PEER_ID_TEXT + 1];
    enum err err = home_make_node_key(path, &key, cause);
    if (!err)
        say("made", path);
    if (err == ERR_FULL) {
        err = home_node_key(&plan->settings, &key, cause);
        if (!err)
            say("kept", path);
    }
    if (err) {
        complain("luapex: error: %s", cause);
        return false;
    }
    say("ID", peer_id_text(&key.id, id));
    crypto_wipe(&key, sizeof key);
    return true;
}

static bool write_at(const struct plan *plan, const char *name,
    bool (*write)(const struct plan *plan, const char *path))
{
    char *path = settings_path(&plan->settings, name);
    bool is_written = path && make_folder_of(path) && write(plan, path);
    free(path);
    return is_written;
}

static bool make_data_folder(const struct plan *plan)
{
    char *path = settings_path(&plan->settings, "data");
    bool is_made = path && make_folders(path);
    free(path);
    return is_made;
}

/* ---- the command ---- */

static bool load(
    const char *home, const struct settings_override *values, size_t n, struct settings *settings)
{
    struct settings_problems *problems = malloc(sizeof *problems);
    if (!problems)
        return fail("init", "out of memory");
    enum err err = settings_load(home, NULL, values, n, settings, problems);
    home_print_problems(problems);
    free(problems);
    return !err;
}

static bool check_values(struct plan *plan)
{
    if (!load(NULL, plan->values, plan->values_n, &plan->settings))
        return false;
    free(plan->settings.home);
    plan->settings.home = strdup(plan->home);
    return plan->settings.home != NULL;
}

static bool exists(const struct plan *plan, const char *name)
{
    char *path = settings_path(&plan->settings, name);
    bool is_there = path && access(path, F_OK) == 0;
    free(path);
    return is_there;
}

static bool differs(const struct plan *plan, const char *name)
{
    complain("luapex: error: %s/" SETTINGS_FILE
             " is there already and has another %s; change it there, or make another home",
        plan->home, name);
    return false;
}

/* The network of a home may also come from its genesis file. */
static bool has_same_network(const struct plan *plan, const struct settings *kept)
{
    char network[GENESIS_CHAIN_ID_MAX + 1], cause[HOME_CAUSE_MAX];
    if (home_network(kept, network, cause) != ERR_OK)
        return fail(plan->home, cause);
    if (*plan->settings.pex.network && strcmp(network, plan->settings.pex.network) != 0)
        return differs(plan, "network (chain ID)");
    return true;
}

/* What the flags say is what is there, so that keeping it is no surprise. */
static bool agrees_with_kept(const struct plan *plan)
{
    struct settings kept = {0};
    bool agrees = load(plan->home, NULL, 0, &kept) && has_same_network(plan, &kept);
    for (size_t i = plan->given_at; agrees && i < plan->values_n; i++) {
        const struct setting *setting = setting_find_name(plan->values[i].name);
        if (strcmp(setting->dotted, "pex.network") != 0 &&
            !setting_equal(setting, &kept, &plan->settings))
            agrees = differs(plan, setting_name(setting));
    }
    settings_free(&kept);
    return agrees;
}

static bool has_network(const struct plan *plan)
{
    char network[GENESIS_CHAIN_ID_MAX + 1], cause[HOME_CAUSE_MAX];
    return home_network(&plan->settings, network, cause) == ERR_OK;
}

static void take_values(const struct flags *flags, struct plan *plan)
{
    char *host = plan->host;
    gethostname(host, sizeof plan->host - 1);
    add_value(plan, "moniker", *host ? host : NULL);
    plan->given_at = plan->values_n;
    add_value(plan, "pex.network", flags_value(flags, "network"));
    add_value(plan, "p2p.seeds", flags_value(flags, "seeds"));
    for (size_t i = 0; i < flags->settings_n; i++)
        add_value(plan, flags->settings[i].name, flags->settings[i].value);
}

static int make_home(const struct flags *flags, struct plan *plan)
{
    take_values(flags, plan);
    if (!check_values(plan)) /* they come from flags alone */
        return EXIT_MISUSE;
    bool is_kept = exists(plan, SETTINGS_FILE);
    if (!is_kept && !has_network(plan))
        return flags_misuse(flags->command, "which network? Give --network NAME");
    bool is_made = (!is_kept || agrees_with_kept(plan)) &&
        write_at(plan, SETTINGS_FILE, write_config) &&
        write_at(plan, plan->settings.node_key_file, write_node_key) && make_data_folder(plan);
    if (is_made)
        printf("next: luapex start --home %s\n", plan->home);
    return is_made ? EXIT_OK : EXIT_FAILED;
}

static int init(const struct flags *flags)
{
    char *home = settings_home(flags_value(flags, "home"));
    if (!home)
        return flags_misuse(flags->command, "which home? Give --home DIR");
    struct plan plan = {.home = home};
    int code = make_home(flags, &plan);
    settings_free(&plan.settings);
    free(home);
    return code;
}
