/* Every kind of event comes back with all that a node may read of it. */
#include "trace/event_code.h"

#include "trace/action_code.h"
#include "unit/trace/kit.h"

#define KINDS (EVENT_POLICY_LOADED + 1)

struct sample {
    struct node_info info;
    struct pex_message message;
    struct addr addrs[3];
    struct ip ips[2];
    struct book_change rows[5];
    struct book_changes changes;
    struct addr_text peer;
};

static struct codec written(const struct event *event)
{
    struct codec codec = codec_writer();
    event_code(&codec, (struct event *)event, NULL);
    assert_int_equal(codec_end(&codec), ERR_OK);
    return codec;
}

/* Written, read, and written again: the same bytes; and every cut is refused. */
static void comes_back(const struct event *event, struct event *read, struct event_room *room)
{
    struct codec bytes = written(event), reader = codec_reader(codec_written(&bytes));
    event_code(&reader, read, room);
    assert_int_equal(codec_end(&reader), ERR_OK);
    struct codec again = written(read);
    assert_int_equal(bytes.n, again.n);
    assert_memory_equal(bytes.out, again.out, bytes.n);
    json_t *json = event_json(read);
    assert_non_null(json_object_get(json, "event"));
    json_decref(json);
    for (size_t n = 0; n < bytes.n; n++) {
        struct event cut;
        struct event_room *other = calloc(1, sizeof *other);
        struct codec short_of = codec_reader(span_of(bytes.out, n));
        event_code(&short_of, &cut, other);
        assert_int_equal(codec_end(&short_of), ERR_CORRUPT);
        event_room_free(other);
        free(other);
    }
    codec_free(&bytes);
    codec_free(&again);
}

static void make_rows(struct sample *sample)
{
    const struct addr addr = {id_of(1), endpoint_of(1)};
    sample->rows[0].kind = BOOK_FORGET_ALL;
    sample->rows[1].kind = BOOK_PUT_KEY;
    sample->rows[2].kind = BOOK_DROP_ENTRY;
    sample->rows[2].id = id_of(2);
    sample->rows[3].kind = BOOK_PUT_ENTRY;
    sample->rows[3].record.known.addr = addr;
    sample->rows[4].kind = BOOK_PUT_BAN;
    sample->rows[4].ban.target = ban_of_pair(&addr);
    sample->changes = (struct book_changes){sample->rows, 5, true};
}

static struct event event_of(enum event_kind kind, struct sample *sample)
{
    struct event event = {.kind = kind, .conn = CONN_OUTBOUND + 5};
    sample->info = (struct node_info){.p2p_version = 8,
        .id = span_of_text("id"),
        .version = span_of("v\0w", 3),
        .channels = span_of("\0", 1)};
    for (unsigned i = 0; i < 3; i++)
        sample->addrs[i] = (struct addr){id_of(i), endpoint_of(i)};
    sample->ips[1] = endpoint_of(7).ip;
    switch (kind) {
    case EVENT_ACCEPTED:
        event.accepted.remote = endpoint_of(9);
        break;
    case EVENT_ESTABLISHED:
        event.established.id = id_of(3);
        event.established.info = &sample->info;
        event.established.connect_ms = -1;
        break;
    case EVENT_DIAL_FAILED:
        event.dial_failed.err = ERR_WRONG_ID;
        event.dial_failed.id_proven = true;
        event.dial_failed.detail = "dialed as one, it is another";
        break;
    case EVENT_MESSAGE:
        sample->message = (struct pex_message){PEX_ADDRS, sample->addrs, 3, 5, 2, true};
        event.message = &sample->message;
        break;
    case EVENT_ROUND_TRIP:
        event.round_trip.ms = 77;
        break;
    case EVENT_CLOSED:
        event.closed.err = ERR_RESET;
        event.closed.id = id_of(4);
        break;
    case EVENT_RESOLVED:
        event.resolved.ips = sample->ips;
        event.resolved.ips_n = 2;
        event.resolved.token = UINT64_C(1) << 32;
        break;
    case EVENT_STORED:
        make_rows(sample);
        event.stored.err = ERR_IO;
        event.stored.rows = &sample->changes;
        event.stored.detail = "disk is full";
        break;
    case EVENT_EXPORTED:
        event.exported.err = ERR_IO;
        break;
    case EVENT_POLICY_LOADED:
        event.policy_loaded.name = "mine";
        break;
    default:
        break;
    }
    return event;
}

static void every_event_comes_back(void **state)
{
    (void)state;
    struct event_room *room = calloc(1, sizeof *room);
    for (int kind = 0; kind < KINDS; kind++) {
        struct sample *sample = calloc(1, sizeof *sample);
        struct event event = event_of((enum event_kind)kind, sample), read;
        comes_back(&event, &read, room);
        assert_int_equal(read.kind, kind);
        assert_true(read.conn == CONN_OUTBOUND + 5);
        free(sample);
    }
    event_room_free(room);
    free(room);
}

static void names_of_rows_that_were_not_written_come_back(void **state)
{
    (void)state;
    struct event_room *room = calloc(1, sizeof *room);
    struct sample *sample = calloc(1, sizeof *sample);
    struct event event = event_of(EVENT_STORED, sample), read;
    comes_back(&event, &read, room);
    assert_string_equal(read.stored.detail, "disk is full");
    assert_int_equal(read.stored.rows->n, 5);
    assert_true(read.stored.rows->more);
    struct peer_id put = id_of(1), dropped = id_of(2);
    assert_true(peer_id_equal(&read.stored.rows->at[2].id, &dropped));
    assert_true(peer_id_equal(&read.stored.rows->at[3].record.known.addr.id, &put));
    assert_int_equal(read.stored.rows->at[4].ban.target.kind, BAN_PAIR);
    event_room_free(room);
    free(sample);
    free(room);
}

static void every_command_comes_back(void **state)
{
    (void)state;
    const struct addr addr = {id_of(1), endpoint_of(1)};
    struct addr_text peer = {.id = id_of(2), .is_name = true, .host = "name.example", .port = 7};
    struct event_room *room = calloc(1, sizeof *room);
    for (int kind = 0; kind <= COMMAND_SEED_REMOVE; kind++) {
        struct event event = {.kind = EVENT_COMMAND}, read;
        struct node_command *command = &event.command;
        command->kind = (enum command_kind)kind;
        command->token = 99;
        if (kind == COMMAND_BAN) {
            command->ban.target = ban_of_id(&addr.id);
            command->ban.reason = "because";
        } else if (kind == COMMAND_UNBAN) {
            command->target = ban_of_pair(&addr);
        } else if (kind == COMMAND_PERSISTENT_ADD || kind == COMMAND_SEED_ADD) {
            command->peer = &peer;
        } else if (kind == COMMAND_DIAL) {
            command->addr = addr;
        }
        if (kind == COMMAND_SET)
            command->set.value = 5;
        comes_back(&event, &read, room);
        assert_int_equal(read.command.kind, kind);
        assert_int_equal(read.command.token, 99);
    }
    event_room_free(room);
    free(room);
}

static void a_period_of_0_is_refused(void **state)
{
    (void)state;
    struct event_room *room = calloc(1, sizeof *room);
    struct event event = {.kind = EVENT_COMMAND}, read;
    event.command.kind = COMMAND_SET;
    event.command.set.setting = NODE_SETTING_crawl_period_ms;
    struct codec bytes = written(&event), reader = codec_reader(codec_written(&bytes));
    event_code(&reader, &read, room);
    assert_int_equal(reader.err, ERR_CORRUPT);
    codec_free(&bytes);
    free(room);
}

static void actions_that_differ_have_other_bytes(void **state)
{
    (void)state;
    struct addr addrs[2] = {{id_of(1), endpoint_of(1)}, {id_of(2), endpoint_of(2)}};
    struct action list = {.kind = ACTION_SEND, .conn = 3};
    list.send = (struct pex_message){.kind = PEX_ADDRS, .addrs = addrs, .addrs_n = 2};
    struct action actions[] = {list, {.kind = ACTION_CLOSE, .conn = 3}};
    struct codec one = codec_writer(), other = codec_writer();
    actions_write(&one, actions, 2);
    addrs[1].at.port++;
    actions_write(&other, actions, 2);
    assert_int_equal(one.n, other.n);
    assert_memory_not_equal(one.out, other.out, one.n);
    json_t *json = actions_json(codec_written(&one));
    assert_int_equal(json_array_size(json), 2);
    assert_string_equal(
        json_string_value(json_object_get(json_array_get(json, 0), "message")), "list");
    json_decref(json);
    assert_null(actions_json(span_of(one.out, one.n - 1)));
    codec_free(&one);
    codec_free(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_comes_back),
        cmocka_unit_test(names_of_rows_that_were_not_written_come_back),
        cmocka_unit_test(every_command_comes_back),
        cmocka_unit_test(a_period_of_0_is_refused),
        cmocka_unit_test(actions_that_differ_have_other_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
