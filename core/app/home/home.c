#include "app/home/home.h"

#include "app/text/complain.h"
#include "ops/file.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void home_print_problems(const struct settings_problems *problems)
{
    char text[2 * sizeof *problems->items];
    unsigned errors_n = 0;
    for (unsigned i = 0; i < problems->n; i++) {
        const struct settings_problem *problem = &problems->items[i];
        errors_n += problem->is_error;
        complain("luapex: %s: %s", problem->is_error ? "error" : "warning",
            settings_problem_text(problem, text, sizeof text));
    }
    if (problems->errors_n > errors_n)
        complain("luapex: error: %u more", problems->errors_n - errors_n);
}

int home_settings_of(const char *home, const struct flags *flags, struct settings *settings)
{
    struct settings_problems *problems = malloc(sizeof *problems);
    enum err err = problems
        ? settings_load(home, environ, flags->settings, flags->settings_n, settings, problems)
        : ERR_NO_MEMORY;
    if (err == ERR_NO_MEMORY)
        complain("luapex: error: out of memory");
    else
        home_print_problems(problems);
    int code = err == ERR_OK                                   ? EXIT_OK
        : problems && settings_problems_are_of_flags(problems) ? EXIT_MISUSE
                                                               : EXIT_FAILED;
    free(problems);
    return code;
}

int home_settings(const struct flags *flags, struct settings *settings)
{
    char *home = settings_home(flags_value(flags, "home"));
    if (!home) {
        complain("luapex: error: no home directory; give one with --home DIR");
        return EXIT_FAILED;
    }
    int code = home_settings_of(home, flags, settings);
    free(home);
    return code;
}

static enum err explain(
    char *cause, enum err err, const char *format, const char *path, const char *detail)
{
    snprintf(cause, HOME_CAUSE_MAX, format, path, detail);
    return err;
}

static enum err read_node_key(const char *path, struct node_key *key, char *cause)
{
    char why[FILE_CAUSE_MAX];
    struct file_text file;
    enum err err = file_read(path, NODE_KEY_FILE_MAX, false, &file, why);
    if (err)
        return explain(cause, err, "%s: %s", path, why);
    const char *wrong = "";
    err = node_key_from_json(span_of(file.text, file.n), key, &wrong);
    crypto_wipe(file.text, file.n);
    free(file.text);
    return err ? explain(cause, err, "%s: %s", path, wrong) : ERR_OK;
}

enum err home_node_key(const struct settings *settings, struct node_key *key, char *cause)
{
    char *path = settings_path(settings, settings->node_key_file);
    if (!path)
        return explain(cause, ERR_NO_MEMORY, "%s%s", "out of memory", "");
    enum err err = read_node_key(path, key, cause);
    free(path);
    return err;
}

enum err home_network(const struct settings *settings, char *network, char *cause)
{
    if (*settings->pex.network) {
        snprintf(network, GENESIS_CHAIN_ID_MAX + 1, "%s", settings->pex.network);
        return ERR_OK;
    }
    char *path = settings_path(settings, settings->genesis_file);
    if (!path)
        return explain(cause, ERR_NO_MEMORY, "%s%s", "out of memory", "");
    char why[GENESIS_CAUSE_MAX];
    enum err err = genesis_chain_id(path, network, why);
    if (err)
        explain(cause, err,
            "no network: pex.network is not set, and %s %s; give --pex.network NAME, or set "
            "network in [pex] of config.toml",
            path, why);
    free(path);
    return err;
}

enum err home_make_node_key(const char *path, struct node_key *key, char *cause)
{
    uint8_t seed[32];
    char json[NODE_KEY_JSON_MAX], why[FILE_CAUSE_MAX];
    if (getrandom(seed, sizeof seed, 0) != sizeof seed)
        return explain(cause, ERR_IO, "no entropy for a node key: %s%s", strerror(errno), "");
    struct node_key made = node_key_of_seed(seed);
    size_t n = node_key_to_json(&made, json);
    enum err err = file_create(path, 0600, json, n, why);
    if (err)
        explain(cause, err, "%s: %s", path, why);
    else
        *key = made;
    crypto_wipe(seed, sizeof seed);
    crypto_wipe(json, sizeof json);
    crypto_wipe(&made, sizeof made);
    return err;
}
