/* What an operator wants of a running node. Whoever sits at the control socket may do what a policy
 * may not - ban outbound peers without an allowance, for as long as they like - but not harm those
 * whom the configuration names. */
#include "base/text.h"
#include "node/configured.h"

#include <stdio.h>

static enum err disconnect(struct step *step, const struct peer_id *id)
{
    struct conn *conn = conns_peer(&step->node->conns, id);
    if (!conn)
        return ERR_NOT_FOUND;
    admission_close_because(step, conn, ERR_GRACEFUL, "by an operator", 0);
    return ERR_OK;
}

/* ---- bans ---- */

static bool is_protected(const struct node *node, const struct ban_target *target)
{
    return target->kind != BAN_CIDR &&
        (configured_is_persistent(node, &target->id) || configured_is_seed(node, &target->id) ||
            node_is_unconditional(node, &target->id));
}

static uint32_t part(struct step *step, const struct ban_target *target)
{
    if (target->kind == BAN_CIDR)
        return penalty_part(step, &(struct cidr){target->ip, target->bits});
    struct conn *conn = conns_peer(&step->node->conns, &target->id);
    if (!conn || target->kind != BAN_ID)
        return 0;
    admission_close(step, conn, ERR_BANNED, 0);
    return 1;
}

/* *n: peers that had to go. */
static enum err ban(struct step *step, const struct node_command *command, uint32_t *n)
{
    struct node *node = step->node;
    const struct ban_target *target = &command->ban.target;
    if (is_protected(node, target))
        return ERR_PROTECTED;
    enum err err =
        book_ban(node->book, step->now, target, command->ban.duration_ms, command->ban.reason);
    if (err)
        return err;
    node->counts.bans++;
    node->metrics.bans[ERR_BANNED]++;
    *n = part(step, target);
    return ERR_OK;
}

static bool same_target(const struct ban_target *of, const struct ban_target *wanted)
{
    if (wanted->kind == BAN_ID)
        return of->kind != BAN_CIDR && peer_id_equal(&of->id, &wanted->id);
    return memcmp(of, wanted, sizeof *of) == 0;
}

/* What an unban means, in the memory of the step: to end one ban moves others in the table. */
static struct ban_target *collect(struct step *step, const struct ban_target *wanted, uint32_t *n)
{
    const struct bans *bans = book_bans(step->node->book);
    uint32_t found = 0;
    for (uint32_t i = 0; i < bans_count(bans); i++)
        found += same_target(&bans_at(bans, i)->target, wanted);
    struct ban_target *targets = outbox_alloc(step->outbox, found * sizeof *targets);
    for (uint32_t i = 0; i < bans_count(bans) && *n < found; i++)
        if (same_target(&bans_at(bans, i)->target, wanted))
            targets[(*n)++] = bans_at(bans, i)->target;
    return targets;
}

/* Of an ID also the bans that pair it with an endpoint (F3). *n: how many ended. What the book
 * refuses to take back was known and is free again all the same. */
static enum err unban(struct step *step, const struct ban_target *wanted, uint32_t *n)
{
    struct node *node = step->node;
    const struct ban_target *targets = collect(step, wanted, n);
    for (uint32_t i = 0; i < *n; i++)
        book_reinstate(node->book, step->now, &node->rng, &targets[i], true);
    return *n > 0 ? ERR_OK : ERR_NOT_FOUND;
}

/* ---- settings ---- */

static void assign(struct node_settings *settings, enum node_setting setting, int64_t value)
{
    switch (setting) {
#define ASSIGN(type, field)                                                                        \
    case NODE_SETTING_##field:                                                                     \
        settings->field = (type)value;                                                             \
        break;
        NODE_LIVE_SETTINGS(ASSIGN)
#undef ASSIGN
    }
}

/* What would have come later by the old value comes when the new one says. */
static void come_sooner(int64_t *due_ms, int64_t latest_ms)
{
    if (*due_ms != NEVER_MS)
        *due_ms = earlier_ms(*due_ms, latest_ms);
}

static void apply_deadlines(struct step *step)
{
    struct node *node = step->node;
    int64_t now = step->now.mono_ms;
    come_sooner(&node->round_ms, now + node->settings.ensure_peers_period_ms);
    come_sooner(&node->crawl.next_ms, now + node->settings.crawl_period_ms);
    come_sooner(&node->save.export_ms, now + node->settings.book_save_interval_ms);
}

static void set(struct step *step, enum node_setting setting, int64_t value)
{
    struct node *node = step->node;
    assign(&node->settings, setting, value);
    if (setting == NODE_SETTING_dial_rate && value == 0)
        node->settings.dial_rate = node_default_dial_rate(&node->settings);
    apply_deadlines(step);
    if (setting == NODE_SETTING_max_outbound && node->round_ms != NEVER_MS)
        ensure_wake(step, step->now.mono_ms); /* free slots are used at once */
}

/* ---- all ---- */

static enum err run(struct step *step, const struct node_command *command, uint32_t *n)
{
    switch (command->kind) {
    case COMMAND_STOP:
        node_stop(step);
        return ERR_OK;
    case COMMAND_SAVE:
        save_now(step);
        return ERR_OK;
    case COMMAND_DIAL:
        return dialer_dial(step, &command->addr, ORIGIN_COMMAND);
    case COMMAND_DISCONNECT:
        return disconnect(step, &command->id);
    case COMMAND_BAN:
        return ban(step, command, n);
    case COMMAND_UNBAN:
        return unban(step, &command->target, n);
    case COMMAND_PERSISTENT_ADD:
        return persistent_add(step, command->peer);
    case COMMAND_PERSISTENT_REMOVE:
        return persistent_remove(step, &command->id);
    case COMMAND_SEED_ADD:
        return seeds_add(step, command->peer);
    case COMMAND_SEED_REMOVE:
        return seeds_remove(step, &command->id);
    case COMMAND_SET:
        set(step, command->set.setting, command->set.value);
        return ERR_OK;
    }
    return ERR_INVALID;
}

const char *command_name(enum command_kind kind)
{
    static const char *const names[] = {"stop", "save", "dial", "disconnect", "ban", "unban",
        "persistent add", "persistent remove", "seeds add", "set", "seeds remove"};
    return names[kind];
}

#define LINE_MAX_BYTES (ADDR_TEXT_MAX + BAN_REASON_MAX + 64)

static const char *setting_name(enum node_setting setting)
{
    static const char *const names[] = {
#define SETTING_NAME(type, field) #field,
        NODE_LIVE_SETTINGS(SETTING_NAME)
#undef SETTING_NAME
    };
    return names[setting];
}

/* What a command is about; "": the node as a whole. */
static const char *object_text(const struct node_command *command, char out[LINE_MAX_BYTES])
{
    char target[ADDR_TEXT_MAX], duration[TEXT_DURATION_MAX];
    out[0] = 0;
    switch (command->kind) {
    case COMMAND_STOP:
    case COMMAND_SAVE:
        break;
    case COMMAND_PERSISTENT_ADD:
    case COMMAND_SEED_ADD:
        peer_id_text(&command->peer->id, out);
        break;
    case COMMAND_DIAL:
        addr_to_text(&command->addr, out);
        break;
    case COMMAND_DISCONNECT:
    case COMMAND_PERSISTENT_REMOVE:
    case COMMAND_SEED_REMOVE:
        peer_id_text(&command->id, out);
        break;
    case COMMAND_BAN:
        snprintf(out, LINE_MAX_BYTES, "%s for %s: %s",
            ban_target_text(&command->ban.target, target),
            text_duration(command->ban.duration_ms, duration), command->ban.reason);
        break;
    case COMMAND_UNBAN:
        ban_target_text(&command->target, out);
        break;
    case COMMAND_SET:
        snprintf(out, LINE_MAX_BYTES, "%s %lld", setting_name(command->set.setting),
            (long long)command->set.value);
        break;
    }
    return out;
}

/* The command with what it is about, so that the log tells who changed what. */
static const char *command_line(const struct node_command *command, char out[LINE_MAX_BYTES])
{
    char object[LINE_MAX_BYTES];
    const char *about = object_text(command, object);
    snprintf(out, LINE_MAX_BYTES, "%s%s%.*s", command_name(command->kind), *about ? " " : "",
        LINE_MAX_BYTES - 32, about);
    return out;
}

/* A setting goes by the name that people know in the log of whoever sent it. */
static void log_done(const struct log *log, const struct node_command *command, uint32_t n)
{
    char line[LINE_MAX_BYTES];
    bool bans = command->kind == COMMAND_BAN, unbans = command->kind == COMMAND_UNBAN;
    enum log_level level = command->kind == COMMAND_SET ? LOG_DEBUG : LOG_INFO;
    if (bans || unbans)
        log_write(log, level, "command done", LOG_TEXT("command", command_line(command, line)),
            LOG_NUMBER(bans ? "closed" : "ended", n));
    else
        log_write(log, level, "command done", LOG_TEXT("command", command_line(command, line)));
}

static void log_refused(
    const struct log *log, const struct node_command *command, enum err err, const char *detail)
{
    char line[LINE_MAX_BYTES];
    log_write(log, LOG_ERROR, "command refused", LOG_TEXT("command", command_line(command, line)),
        LOG_TEXT("error", err_text(err)), refusal_field(detail));
}

static const char *detail_of(
    const struct step *step, const struct node_command *command, enum err err)
{
    if (command->kind == COMMAND_DIAL)
        return err == ERR_BANNED ? refusal_ban(step, &command->addr)
                                 : refusal_detail(step, err, &command->addr);
    if (command->kind == COMMAND_UNBAN && err == ERR_NOT_FOUND)
        return refusal_no_ban(step, &command->target);
    return NULL;
}

void command_run(struct step *step, const struct node_command *command)
{
    const struct log *log = &step->node->settings.log;
    uint32_t n = 0;
    enum err err = run(step, command, &n);
    const char *detail = err ? detail_of(step, command, err) : NULL;
    if (err)
        log_refused(log, command, err, detail);
    else
        log_done(log, command, n);
    if (command->token == 0)
        return;
    struct action *action = outbox_add(step->outbox, ACTION_ANSWER, 0);
    action->answer =
        (struct node_answer){.token = command->token, .err = err, .n = n, .detail = detail};
}
