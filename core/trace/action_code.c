#include "trace/action_code.h"

#include "addr/code.h"
#include "trace/digest.h"
#include "trace/event_code.h"

#define ACTIONS (ACTION_ABORT + 1)
#define ACTIONS_MAX 1000000

/* An action as it is in a trace. */
struct told {
    enum action_kind kind;
    uint64_t conn;
    struct addr addr;              /* dial */
    enum err err;                  /* refuse, close, answer */
    int64_t flush_ms;              /* close */
    uint32_t message;              /* send: enum pex_kind */
    uint64_t n, digest;            /* send, store, export, answer */
    uint64_t token;                /* resolve, answer */
    bool more;                     /* store */
    char text[EVENT_TEXT_MAX + 1]; /* resolve: host; abort: why */
};

static void code_sum(struct codec *codec, struct told *told)
{
    code_u64(codec, &told->n);
    code_bytes(codec, &told->digest, sizeof told->digest);
}

static void code_told(struct codec *codec, struct told *told)
{
    code_enum(codec, &told->kind, ACTIONS);
    code_conn(codec, &told->conn);
    switch (told->kind) {
    case ACTION_DIAL:
        code_addr(codec, &told->addr);
        break;
    case ACTION_ACCEPT:
        break;
    case ACTION_REFUSE:
        code_enum(codec, &told->err, ERR_COUNT);
        break;
    case ACTION_SEND:
        code_below(codec, &told->message, PEX_ADDRS + 1);
        if (told->message == PEX_ADDRS)
            code_sum(codec, told);
        break;
    case ACTION_CLOSE:
        code_enum(codec, &told->err, ERR_COUNT);
        code_i64(codec, &told->flush_ms);
        break;
    case ACTION_RESOLVE:
        code_u64(codec, &told->token);
        code_text(codec, told->text, sizeof told->text);
        break;
    case ACTION_STORE:
        code_sum(codec, told);
        code_bool(codec, &told->more);
        break;
    case ACTION_EXPORT:
        code_sum(codec, told);
        break;
    case ACTION_ANSWER:
        code_u64(codec, &told->token);
        code_enum(codec, &told->err, ERR_COUNT);
        code_u64(codec, &told->n);
        break;
    case ACTION_ABORT:
        code_text(codec, told->text, sizeof told->text);
        break;
    }
}

/* ---- writing ---- */

static void write_record(struct codec *codec, const struct book_record *record)
{
    struct book_record copy = *record;
    struct book_entry *known = &copy.known;
    code_addr(codec, &known->addr);
    code_u8(codec, &known->side);
    code_u8(codec, &known->last_failure);
    code_u32(codec, &known->attempts);
    code_u32(codec, &known->rtt_ms);
    code_u32(codec, &known->answers);
    int64_t *const times[] = {&known->first_seen_ms, &known->last_attempt_ms,
        &known->last_success_ms, &known->last_verified_ms, &known->last_ban_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        code_time(codec, times[i]);
    for (uint32_t i = 0; i < copy.buckets_n; i++)
        code_u32(codec, &copy.buckets[i]);
    for (uint32_t i = 0; i < known->sources_n; i++)
        code_addr(codec, &copy.sources[i]);
    code_text(codec, copy.version, sizeof copy.version);
}

static void write_row(struct codec *codec, const struct book_change *row)
{
    uint32_t kind = row->kind;
    code_u32(codec, &kind);
    switch (row->kind) {
    case BOOK_FORGET_ALL:
        break;
    case BOOK_PUT_KEY:
        code_text(codec, (char *)row->key, sizeof row->key);
        break;
    case BOOK_DROP_ENTRY:
        code_peer_id(codec, (struct peer_id *)&row->id);
        break;
    case BOOK_PUT_ENTRY:
        write_record(codec, &row->record);
        break;
    case BOOK_DROP_BAN:
        code_bytes(codec, (void *)&row->target, sizeof row->target);
        break;
    case BOOK_PUT_BAN:
        code_bytes(codec, (void *)&row->ban.target, sizeof row->ban.target);
        code_i64(codec, (int64_t *)&row->ban.until_ms);
        code_u32(codec, (uint32_t *)&row->ban.times);
        break;
    }
}

/* The rows are written behind what is there, summed up and taken back. */
static uint64_t digest_rows(struct codec *codec, const struct book_changes *rows)
{
    size_t begun = codec->n;
    for (uint32_t i = 0; i < rows->n; i++)
        write_row(codec, &rows->at[i]);
    uint64_t sum = digest(span_of(codec->out + begun, codec->n - begun));
    codec->n = begun;
    return sum;
}

static void put_text(struct told *told, const char *text)
{
    memcpy(told->text, text, strnlen(text, EVENT_TEXT_MAX));
}

static void tell_send(struct told *told, const struct pex_message *message)
{
    told->message = message->kind;
    told->n = message->addrs_n;
    if (message->kind == PEX_ADDRS)
        told->digest = digest(span_of(message->addrs, message->addrs_n * sizeof(struct addr)));
}

static void tell(struct codec *codec, const struct action *action, struct told *told)
{
    switch (action->kind) {
    case ACTION_DIAL:
        told->addr = action->dial.addr;
        break;
    case ACTION_ACCEPT:
        break;
    case ACTION_REFUSE:
        told->err = action->refuse.why;
        break;
    case ACTION_SEND:
        tell_send(told, &action->send);
        break;
    case ACTION_CLOSE:
        told->err = action->close.why;
        told->flush_ms = action->close.flush_ms;
        break;
    case ACTION_RESOLVE:
        told->token = action->resolve.token;
        put_text(told, action->resolve.host);
        break;
    case ACTION_STORE:
        told->n = action->store.n;
        told->digest = digest_rows(codec, &action->store);
        told->more = action->store.more;
        break;
    case ACTION_EXPORT:
        told->n = action->export.n;
        told->digest = digest(span_of(action->export.image, action->export.n));
        break;
    case ACTION_ANSWER:
        told->token = action->answer.token;
        told->err = action->answer.err;
        told->n = action->answer.n;
        break;
    case ACTION_ABORT:
        put_text(told, action->abort.why);
        break;
    }
}

void actions_write(struct codec *codec, const struct action *actions, size_t n)
{
    code_count(codec, (uint32_t)n, ACTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct told told = {.kind = actions[i].kind, .conn = actions[i].conn};
        tell(codec, &actions[i], &told);
        code_told(codec, &told);
    }
}

/* ---- for people ---- */

static const char *kind_name(enum action_kind kind)
{
    static const char *const names[ACTIONS] = {"dial", "accept", "refuse", "send", "close",
        "resolve", "store", "export", "answer", "abort"};
    return names[kind];
}

static void put_number(json_t *into, const char *name, uint64_t number)
{
    json_object_set_new(into, name, json_integer((json_int_t)number));
}

static void put_sum(json_t *into, const struct told *told)
{
    char text[17];
    for (unsigned i = 0; i < 16; i++)
        text[i] = "0123456789abcdef"[told->digest >> (60 - 4 * i) & 15];
    text[16] = 0;
    put_number(into, "count", told->n);
    json_object_set_new(into, "digest", json_string(text));
}

static void put_details(json_t *into, const struct told *told)
{
    char text[ADDR_TEXT_MAX];
    switch (told->kind) {
    case ACTION_DIAL:
        json_object_set_new(into, "address", json_string(addr_to_text(&told->addr, text)));
        break;
    case ACTION_SEND:
        json_object_set_new(
            into, "message", json_string(told->message == PEX_ADDRS ? "list" : "request"));
        if (told->message == PEX_ADDRS)
            put_sum(into, told);
        break;
    case ACTION_STORE:
    case ACTION_EXPORT:
        put_sum(into, told);
        break;
    case ACTION_RESOLVE:
        json_object_set_new(into, "host", json_string(told->text));
        break;
    case ACTION_ANSWER:
        put_number(into, "token", told->token);
        put_number(into, "count", told->n);
        break;
    case ACTION_ABORT:
        json_object_set_new(into, "why", json_string(told->text));
        break;
    default:
        break;
    }
    if (told->flush_ms > 0)
        put_number(into, "flush_ms", (uint64_t)told->flush_ms);
    if (told->err)
        json_object_set_new(into, "error", json_string(err_name(told->err)));
}

static json_t *told_json(const struct told *told)
{
    json_t *into = json_pack("{s:s}", "action", kind_name(told->kind));
    if (into && told->conn)
        conn_put_json(into, told->conn);
    if (into)
        put_details(into, told);
    return into;
}

json_t *actions_json(struct span bytes)
{
    struct codec codec = codec_reader(bytes);
    json_t *list = json_array();
    uint32_t n = code_count(&codec, 0, ACTIONS_MAX);
    for (uint32_t i = 0; list && i < n && !codec.err; i++) {
        struct told told = {0};
        code_told(&codec, &told);
        if (!codec.err)
            json_array_append_new(list, told_json(&told));
    }
    if (!list || codec_end(&codec) == ERR_OK)
        return list;
    json_decref(list);
    return NULL;
}
