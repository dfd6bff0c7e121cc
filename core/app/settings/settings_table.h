/* The table of all settings and what it says of each. */
#ifndef APP_SETTINGS_TABLE_H
#define APP_SETTINGS_TABLE_H

#include "app/settings/settings.h"

enum setting_type {
    SETTING_TEXT,
    SETTING_NAME,      /* printable ASCII, not blank: what node info may hold (S13) */
    SETTING_PATH,      /* relative ones lie under the home */
    SETTING_LISTEN,    /* [tcp://]host:port, the host may be left out */
    SETTING_REACHABLE, /* "" or host:port */
    SETTING_LOOPBACK,  /* "" or IP:port that only this machine reaches */
    SETTING_ADDRESSES, /* ID@host:port,... */
    SETTING_IDS,       /* ID,... */
    SETTING_BOOLEAN,
    SETTING_INTEGER,
    SETTING_DURATION, /* range in milliseconds */
    SETTING_LOG_LEVEL,
    SETTING_LOG_FORMAT,
    SETTING_NAMESPACE, /* letters, digits and _, no digit first */
};

struct setting {
    const char *section; /* "": top level */
    const char *key;
    const char *dotted; /* section, dot, key; see setting_name */
    enum setting_type type;
    size_t offset;       /* of its field in struct settings */
    const char *initial; /* the default as text; NULL: found out when it is needed */
    int64_t min, max;    /* of SETTING_INTEGER and SETTING_DURATION */
    const char *unit;    /* of SETTING_INTEGER */
    bool is_unused;      /* read for CometBFT's sake, without effect. doc says why, to those who set
                            it to something else than `initial`; NULL: not worth a word */
    const char *doc;     /* sentences for people; the first fits a line */
};

extern const struct setting settings_table[];
extern const size_t settings_table_n;

struct settings_section {
    const char *name;
    bool is_ours;    /* unknown keys in it are worth a warning */
    const char *doc; /* NULL: not in the config.toml that we write, unless it is the top level */
};

/* In the order of config.toml; the first is the top level. */
extern const struct settings_section settings_sections[];
extern const size_t settings_sections_n;

const struct settings_section *settings_section_find(const char *name);
const struct setting *setting_find(const char *section, const char *key);
/* By its name; '-' may stand for '_'. */
const struct setting *setting_find_name(const char *name);
/* The setting of `section` whose key is nearest to a mistyped one, or the one of another section
 * that has this very key; NULL: none is near. */
const struct setting *setting_nearest(const char *section, const char *key);

/* Of the whole process, however many nodes it runs. */
static inline bool setting_is_of_process(const struct setting *setting)
{
    return setting->type == SETTING_LOG_LEVEL || setting->type == SETTING_LOG_FORMAT;
}

#define SETTING_NAME_MAX 64 /* longest name with terminator */
/* Its name on the command line and in messages: "p2p.laddr", "moniker". */
static inline const char *setting_name(const struct setting *setting)
{
    return setting->dotted + (*setting->section == 0);
}

#endif
