/* A policy that takes part: POLICY or POLICY:PARAMETER=VALUE:..., where POLICY is a file or the
 * name of a built-in one. */
#ifndef APP_PLAYER_H
#define APP_PLAYER_H

#include "app/policy/policy_named.h"
#include "sim/lua_policy.h"

#define PLAYERS_MAX 16 /* of one command line */
#define PLAYER_PARAMS_MAX 16
#define PLAYER_CAUSE_MAX 1024
#define PLAYER_TITLE_MAX 48

struct player {
    const char *spelled; /* as it was given */
    char *words;         /* the same in parts */
    struct policy_named policy;
    struct lua_param params[PLAYER_PARAMS_MAX];
    struct lua_rules rules;
    char title[PLAYER_TITLE_MAX + 1]; /* as a heading: without the folder of its file */
    char hash[SCRIPT_HASH_TEXT + 1];  /* of its source */
};

/* Reads it and tries it out. It borrows `spelled` and stays where it is. On failure `cause`
 * (PLAYER_CAUSE_MAX bytes) is a sentence with file and line: ERR_NOT_FOUND (no such built-in
 * policy), ERR_FULL (too many parameters) or as lua_policy_new. */
enum err player_open(struct player *player, const char *spelled, char *cause);
void player_close(struct player *player); /* all-zero is fine, and what did not open */
/* Two with the same title get longer ones: as they were given, or the end of that. */
void player_distinguish(struct player *players, size_t n);

#endif
