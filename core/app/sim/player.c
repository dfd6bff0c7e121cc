#include "app/sim/player.h"

#include "app/cli/flags.h"
#include "app/trace/trace_input.h"
#include "base/text.h"
#include "sim/need.h"
#include <stdio.h>
#include <stdlib.h>

_Static_assert(PLAYER_CAUSE_MAX >= POLICY_CAUSE_MAX && PLAYER_CAUSE_MAX >= TRACE_CAUSE_MAX,
    "room for what others say");

/* The next ":NAME=" at or behind `text`: what else holds a colon is part of a value or a path. */
static char *next_param(char *text)
{
    while ((text = strchr(text, ':'))) {
        size_t n = strspn(++text, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (n > 0 && text[n] == '=')
            return text - 1;
    }
    return NULL;
}

static enum err split(struct player *player, char *cause)
{
    char *at = next_param(player->words);
    while (at) {
        if (player->rules.params_n == PLAYER_PARAMS_MAX) {
            snprintf(cause, PLAYER_CAUSE_MAX, "%.500s: more than %d parameters", player->spelled,
                PLAYER_PARAMS_MAX);
            return ERR_FULL;
        }
        *at = 0;
        char *value = strchr(++at, '=');
        *value++ = 0;
        player->params[player->rules.params_n++] = (struct lua_param){at, value};
        at = next_param(value);
    }
    return ERR_OK;
}

/* Of a text that is too long, the end. */
static void set_title(struct player *player, const char *text)
{
    size_t n = strlen(text);
    text += n > PLAYER_TITLE_MAX ? n - PLAYER_TITLE_MAX : 0;
    snprintf(player->title, sizeof player->title, "%s", text);
    text_make_printable(player->title, strlen(player->title));
}

static const char *without_folder(const struct player *player)
{
    const char *slash = strrchr(player->words, '/');
    return slash ? player->spelled + (slash + 1 - player->words) : player->spelled;
}

static enum err try_out(struct player *player, char *cause)
{
    struct lua_policy *policy;
    struct script_stats stats;
    struct script_error error = {0};
    enum err err = lua_policy_new(&player->rules, &policy, &error);
    if (err) {
        trace_script_explain(&error, player->words, cause);
        return err;
    }
    script_stats(lua_policy_script(policy), &stats);
    memcpy(player->hash, stats.hash, sizeof player->hash);
    lua_policy_free(policy);
    return ERR_OK;
}

enum err player_open(struct player *player, const char *spelled, char *cause)
{
    *player = (struct player){.spelled = spelled, .words = need(strdup(spelled))};
    player->rules.params = player->params;
    enum err err = split(player, cause);
    if (err)
        return err;
    set_title(player, without_folder(player));
    err = policy_named_read(player->words, &player->policy, cause);
    if (err)
        return err;
    player->rules.source = &player->policy.source;
    return try_out(player, cause);
}

void player_close(struct player *player)
{
    policy_named_free(&player->policy);
    free(player->words);
}

void player_distinguish(struct player *players, size_t n)
{
    bool is_double[PLAYERS_MAX] = {false};
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            is_double[i] |= i != j && strcmp(players[i].title, players[j].title) == 0;
    for (size_t i = 0; i < n; i++)
        if (is_double[i])
            set_title(&players[i], players[i].spelled);
}
