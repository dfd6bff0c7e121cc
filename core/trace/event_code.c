#include "trace/event_code.h"

#include "addr/code.h"
#include <stdlib.h>

#define SPAN_MAX NODE_INFO_BODY_MAX
#define EVENTS (EVENT_POLICY_LOADED + 1)
#define COMMANDS (COMMAND_SEED_REMOVE + 1)
#define SETTINGS (NODE_SETTING_book_save_interval_ms + 1)
#define LISTED_MAX UINT32_MAX
#define ROWS_MAX (1u << 20)
#define VALUE_MAX (INT64_C(1) << 53)

static void code_err(struct codec *codec, enum err *err)
{
    code_enum(codec, err, ERR_COUNT);
}

static void code_borrowed_text(struct codec *codec, const char **text, struct event_room *room)
{
    struct span span = {0};
    if (!codec->reading && *text)
        span = span_of(*text, strnlen(*text, EVENT_TEXT_MAX));
    code_span(codec, &span, EVENT_TEXT_MAX);
    if (!codec->reading)
        return;
    memset(room->text, 0, sizeof room->text);
    if (span.n > 0)
        memcpy(room->text, span.at, span.n);
    *text = room->text;
}

/* NULL stays NULL. */
static void code_detail(struct codec *codec, const char **detail, struct event_room *room)
{
    bool some = *detail != NULL;
    code_bool(codec, &some);
    if (some)
        code_borrowed_text(codec, detail, room);
}

/* ---- connections ---- */

static void code_info(struct codec *codec, struct node_info *info)
{
    code_u64(codec, &info->p2p_version);
    code_u64(codec, &info->block_version);
    code_u64(codec, &info->app_version);
    struct span *const texts[] = {&info->id, &info->listen_addr, &info->network, &info->version,
        &info->channels, &info->moniker, &info->tx_index, &info->rpc_address};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        code_span(codec, texts[i], SPAN_MAX);
}

static void code_established(struct codec *codec, struct event *event, struct event_room *room)
{
    code_peer_id(codec, &event->established.id);
    code_endpoint(codec, &event->established.remote);
    code_i32(codec, &event->established.connect_ms);
    if (codec->reading)
        event->established.info = &room->info;
    code_info(codec, (struct node_info *)event->established.info);
}

static void code_message(struct codec *codec, struct pex_message *message, struct event_room *room)
{
    code_enum(codec, &message->kind, PEX_ADDRS + 1);
    if (message->kind == PEX_REQUEST)
        return;
    message->addrs_n = code_count(codec, (uint32_t)message->addrs_n, PEX_SELECTION_MAX);
    message->listed_n = code_count(codec, (uint32_t)message->listed_n, LISTED_MAX);
    message->bad_ids_n = code_count(codec, (uint32_t)message->bad_ids_n, LISTED_MAX);
    code_bool(codec, &message->bad_address);
    if (codec->reading)
        message->addrs = room->addrs;
    for (size_t i = 0; i < message->addrs_n; i++)
        code_addr(codec, (struct addr *)&message->addrs[i]);
}

/* ---- answers of the host ---- */

static void code_resolved(struct codec *codec, struct event *event, struct event_room *room)
{
    code_u64(codec, &event->resolved.token);
    code_err(codec, &event->resolved.err);
    event->resolved.ips_n = code_count(codec, (uint32_t)event->resolved.ips_n, RESOLVED_MAX);
    if (codec->reading)
        event->resolved.ips = room->ips;
    for (size_t i = 0; i < event->resolved.ips_n; i++)
        code_ip(codec, (struct ip *)&event->resolved.ips[i]);
}

static struct peer_id *id_of_row(struct book_change *row)
{
    return row->kind == BOOK_PUT_ENTRY ? &row->record.known.addr.id : &row->id;
}

static struct ban_target *target_of_row(struct book_change *row)
{
    return row->kind == BOOK_PUT_BAN ? &row->ban.target : &row->target;
}

/* What of a row that could not be written counts: its name. */
static void code_row_name(struct codec *codec, struct book_change *row)
{
    code_enum(codec, &row->kind, BOOK_PUT_BAN + 1);
    switch (row->kind) {
    case BOOK_DROP_ENTRY:
    case BOOK_PUT_ENTRY:
        code_peer_id(codec, id_of_row(row));
        break;
    case BOOK_DROP_BAN:
    case BOOK_PUT_BAN:
        code_bytes(codec, target_of_row(row), sizeof(struct ban_target));
        break;
    case BOOK_FORGET_ALL:
    case BOOK_PUT_KEY:
        break;
    default:
        codec_refuse(codec);
    }
}

static void make_rows(struct codec *codec, uint32_t n, struct book_changes *rows)
{
    if (n > codec->in.n) /* each takes a byte at least */
        codec_refuse(codec);
    rows->at = codec->err ? NULL : calloc(n ? n : 1, sizeof *rows->at);
    rows->n = rows->at ? n : 0;
    if (!rows->at && !codec->err)
        codec->err = ERR_NO_MEMORY;
}

/* Rows that were written matter by their number alone. */
static void code_stored(struct codec *codec, struct event *event, struct event_room *room)
{
    struct book_changes *rows = (struct book_changes *)event->stored.rows;
    code_err(codec, &event->stored.err);
    if (event->stored.err)
        code_detail(codec, &event->stored.detail, room);
    bool some = rows != NULL;
    code_bool(codec, &some);
    if (!some)
        return;
    if (codec->reading)
        event->stored.rows = rows = &room->rows;
    code_bool(codec, &rows->more);
    uint32_t n = code_count(codec, rows->n, ROWS_MAX);
    if (!event->stored.err) {
        rows->n = n;
        return;
    }
    if (codec->reading)
        make_rows(codec, n, rows);
    for (uint32_t i = 0; i < rows->n && !codec->err; i++)
        code_row_name(codec, &rows->at[i]);
}

/* ---- operators ---- */

static void code_target(struct codec *codec, struct ban_target *target)
{
    code_bytes(codec, target, sizeof *target);
    if (codec->reading && (target->kind < BAN_ID || target->kind > BAN_PAIR || target->bits > 128))
        codec_refuse(codec);
}

/* Whoever sends it has checked the range; of a trace only what would end the process is. */
static void code_set(struct codec *codec, struct node_command *command)
{
    int64_t *value = &command->set.value;
    code_enum(codec, &command->set.setting, SETTINGS);
    code_i64(codec, value);
    bool is_period = command->set.setting == NODE_SETTING_ensure_peers_period_ms ||
        command->set.setting == NODE_SETTING_crawl_period_ms ||
        command->set.setting == NODE_SETTING_book_save_interval_ms;
    if (codec->reading && (*value < is_period || *value > VALUE_MAX))
        codec_refuse(codec);
}

static void code_command(struct codec *codec, struct node_command *command, struct event_room *room)
{
    code_enum(codec, &command->kind, COMMANDS);
    code_u64(codec, &command->token);
    switch (command->kind) {
    case COMMAND_STOP:
    case COMMAND_SAVE:
        break;
    case COMMAND_DIAL:
        code_addr(codec, &command->addr);
        break;
    case COMMAND_DISCONNECT:
    case COMMAND_PERSISTENT_REMOVE:
    case COMMAND_SEED_REMOVE:
        code_peer_id(codec, &command->id);
        break;
    case COMMAND_BAN:
        code_target(codec, &command->ban.target);
        code_i64(codec, &command->ban.duration_ms);
        code_borrowed_text(codec, &command->ban.reason, room);
        break;
    case COMMAND_UNBAN:
        code_target(codec, &command->target);
        break;
    case COMMAND_PERSISTENT_ADD:
    case COMMAND_SEED_ADD:
        if (codec->reading)
            command->peer = &room->peer;
        code_addr_text(codec, (struct addr_text *)command->peer);
        break;
    case COMMAND_SET:
        code_set(codec, command);
        break;
    }
}

/* ---- all ---- */

static void code_body(struct codec *codec, struct event *event, struct event_room *room)
{
    switch (event->kind) {
    case EVENT_START:
    case EVENT_TICK:
    case EVENT_SEND_FAILED:
        break;
    case EVENT_ACCEPTED:
        code_endpoint(codec, &event->accepted.remote);
        break;
    case EVENT_ESTABLISHED:
        code_established(codec, event, room);
        break;
    case EVENT_DIAL_FAILED:
        code_err(codec, &event->dial_failed.err);
        code_bool(codec, &event->dial_failed.id_proven);
        code_detail(codec, &event->dial_failed.detail, room);
        break;
    case EVENT_MESSAGE:
        if (codec->reading)
            event->message = &room->message;
        code_message(codec, (struct pex_message *)event->message, room);
        break;
    case EVENT_ROUND_TRIP:
        code_i32(codec, &event->round_trip.ms);
        break;
    case EVENT_CLOSED:
        code_err(codec, &event->closed.err);
        code_peer_id(codec, &event->closed.id);
        code_detail(codec, &event->closed.detail, room);
        break;
    case EVENT_RESOLVED:
        code_resolved(codec, event, room);
        break;
    case EVENT_STORED:
        code_stored(codec, event, room);
        break;
    case EVENT_EXPORTED:
        code_err(codec, &event->exported.err);
        break;
    case EVENT_COMMAND:
        code_command(codec, &event->command, room);
        break;
    case EVENT_POLICY_LOADED:
        code_borrowed_text(codec, &event->policy_loaded.name, room);
        break;
    }
}

void code_conn(struct codec *codec, uint64_t *conn)
{
    uint64_t folded = *conn << 1 | *conn >> 63; /* the top bit says who dialed */
    code_u64(codec, &folded);
    if (codec->reading)
        *conn = folded >> 1 | folded << 63;
}

void event_room_free(struct event_room *room)
{
    free(room->rows.at); /* names only: nothing hangs on them */
    room->rows = (struct book_changes){0};
}

void event_code(struct codec *codec, struct event *event, struct event_room *room)
{
    if (codec->reading) {
        event_room_free(room);
        memset(room, 0, sizeof *room);
        *event = (struct event){0};
    }
    code_enum(codec, &event->kind, EVENTS);
    code_conn(codec, &event->conn);
    code_body(codec, event, room);
}
