/* Packets in: wire.md 5.1, 5.2, 5.6; memory of a link; garbage at every stage. */
#include "unit/link/pair.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* a, established with the puppet. */
static void join(void)
{
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_join(&puppet, &a, at(0)), ERR_OK);
}

static enum err say(const char *bytes, size_t n)
{
    return puppet_send(&puppet, &a, at(0), span_of(bytes, n));
}

/* One packet with `n` zeros of data. */
static enum err say_data(uint8_t channel, bool eof, size_t n)
{
    static uint8_t zeros[2048], bytes[2100];
    struct packet packet = {
        .kind = PACKET_MSG, .channel = channel, .eof = eof, .data = span_of(zeros, n)};
    n = packet_encode(&packet, bytes);
    return puppet_send(&puppet, &a, at(0), span_of(bytes, n));
}

static void messages_of_every_size_arrive_at_every_split(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1010, 1023, 1024, 1025, 2047, 2048, 10000, 64000};
    static const size_t splits[] = {0, 1, 1043, 1045, 3000};
    static uint8_t bytes[MESSAGE_MAX];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    side_connect(&a, &b, at(0));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t k = 0; k < sizeof splits / sizeof *splits; k++) {
            b.messages_n = 0;
            struct span message = span_of(bytes, sizes[i]);
            assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, message), ERR_OK);
            assert_int_equal(carry(&a, &b, at(0), splits[k]), ERR_OK);
            assert_int_equal(b.messages_n, 1);
            assert_true(span_equal(span_of(b.last, b.last_n), message));
        }
    }
}

static void messages_survive_random_splits(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    side_connect(&a, &b, at(0));
    static uint8_t bytes[5000];
    for (unsigned i = 0; i < 200; i++) {
        size_t n = rng_below(&rng, sizeof bytes + 1);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (uint8_t)rng_next(&rng);
        assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, span_of(bytes, n)), ERR_OK);
        assert_int_equal(carry(&a, &b, at(0), 1 + rng_below(&rng, 2500)), ERR_OK);
        assert_true(span_equal(span_of(b.last, b.last_n), span_of(bytes, n)));
    }
    assert_int_equal(b.messages_n, 200);
}

static void several_messages_share_a_frame(void **state)
{
    (void)state;
    side_connect(&a, &b, at(0));
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, span_of("\x0a\x00", 2)), ERR_OK);
    uint8_t out[LINK_TRANSMIT_MIN];
    assert_int_equal(link_transmit(a.link, at(0), out, sizeof out), FRAME_SEALED);
    assert_int_equal(link_receive(b.link, at(0), out, FRAME_SEALED), ERR_OK);
    assert_int_equal(b.messages_n, 5);
}

static void packets_spread_over_frames_of_any_size(void **state)
{
    (void)state;
    join();
    const char packets[] = "\x08\x1a\x06\x10\x01\x1a\x02\x0a\x00\x02\x0a\x00"
                           "\x05\x1a\x03\x10\x01\x1a";
    assert_int_equal(say(packets, 4), ERR_OK);
    assert_int_equal(puppet_send_frame(&puppet, &a, at(0), (struct span){0}), ERR_OK);
    assert_int_equal(a.messages_n, 0);
    assert_int_equal(say(packets + 4, 7), ERR_OK);
    assert_int_equal(a.messages_n, 1);
    assert_memory_equal(a.last, "\x0a\x00", 2);
    assert_int_equal(say(packets + 11, 1), ERR_OK);
}

static void message_capacity_is_64000_bytes(void **state)
{
    (void)state;
    join();
    for (unsigned i = 0; i < 62; i++)
        assert_int_equal(say_data(PEX_CHANNEL, false, 1024), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, true, 64000 - 62 * 1024), ERR_OK);
    assert_int_equal(a.last_n, 64000);
    for (unsigned i = 0; i < 62; i++)
        assert_int_equal(say_data(PEX_CHANNEL, false, 1024), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, true, 64001 - 62 * 1024), ERR_CHANNEL_CAPACITY);
    assert_string_equal(link_detail(a.link), "more than 64000 bytes on channel 00");
    assert_int_equal(a.messages_n, 1);
}

static void message_capacity_holds_before_the_end_is_seen(void **state)
{
    (void)state;
    join();
    for (unsigned i = 0; i < 62; i++)
        assert_int_equal(say_data(PEX_CHANNEL, false, 1024), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, false, 513), ERR_CHANNEL_CAPACITY);
}

static void packet_of_1028_bytes_without_eof_passes(void **state)
{
    (void)state;
    join();
    assert_int_equal(say_data(PEX_CHANNEL, false, 1028), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, false, 1029), ERR_PACKET_TOO_LONG);
}

static void packet_limit_follows_our_payload_setting(void **state)
{
    (void)state;
    a.settings.payload_max = 100;
    join();
    assert_int_equal(say_data(PEX_CHANNEL, true, 100), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, true, 120), ERR_PACKET_TOO_LONG);
    assert_string_equal(
        link_detail(a.link), "126 bytes, at most 108: p2p.max_packet_msg_payload_size is 100 here");
}

static void empty_message_is_delivered(void **state)
{
    (void)state;
    join();
    assert_int_equal(say_data(PEX_CHANNEL, true, 0), ERR_OK);
    assert_int_equal(a.messages_n, 1);
    assert_int_equal(a.last_n, 0);
}

/* TestSwitches */
static void channels_interleave(void **state)
{
    (void)state;
    side_add_channel(&a, 1, 10);
    join();
    assert_int_equal(say_data(PEX_CHANNEL, false, 10), ERR_OK);
    assert_int_equal(say_data(OTHER_CHANNEL, false, 20), ERR_OK);
    assert_int_equal(say_data(PEX_CHANNEL, true, 1), ERR_OK);
    assert_int_equal(a.last_n, 11);
    assert_int_equal(a.channel, PEX_CHANNEL);
    assert_int_equal(say_data(OTHER_CHANNEL, true, 2), ERR_OK);
    assert_int_equal(a.last_n, 22);
    assert_int_equal(a.channel, OTHER_CHANNEL);
}

static void stream_rejects(const char *bytes, size_t n, enum err expected)
{
    setup(NULL);
    join();
    assert_int_equal(say(bytes, n), expected);
    assert_int_equal(link_tick(a.link, at(0)), expected);
    assert_int_equal(link_deadline(a.link), NEVER_MS);
    assert_false(link_is_established(a.link));
    teardown(NULL);
}

/* wire.md 5.6 */
static void stream_ends_on_bad_packets(void **state)
{
    (void)state;
    stream_rejects("\x00", 1, ERR_PACKET_KIND);
    stream_rejects("\x02\x22\x00", 3, ERR_PACKET_KIND);
    stream_rejects("\x02\x0a\x05", 3, ERR_UNDECODABLE);
    stream_rejects("\x8b\x08", 2, ERR_PACKET_TOO_LONG); /* 1035 */
    stream_rejects("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, ERR_VARINT);
}

/* D13: numbers above 255 are no aliases */
static void stream_ends_on_unknown_channels(void **state)
{
    (void)state;
    stream_rejects("\x06\x1a\x04\x08\x20\x10\x01", 7, ERR_CHANNEL_UNKNOWN);
    stream_rejects("\x07\x1a\x05\x08\x80\x02\x10\x01", 8, ERR_CHANNEL_UNKNOWN); /* 256 */
}

static void stream_ends_with_what_the_handler_returns(void **state)
{
    (void)state;
    join();
    a.answer = ERR_PEX_UNDECODABLE;
    assert_int_equal(say("\x08\x1a\x06\x10\x01\x1a\x02\x0a\x00", 9), ERR_PEX_UNDECODABLE);
    assert_int_equal(link_receive(a.link, at(0), (uint8_t[]){0}, 1), ERR_PEX_UNDECODABLE);
    assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, span_of("x", 1)), ERR_CHANNEL_UNKNOWN);
    assert_true(link_is_drained(a.link));
}

/* D14, wire.md 5.5 */
static void received_bytes_count_against_the_limit(void **state)
{
    (void)state;
    a.settings.recv_rate = 10000; /* 1000 in 100 ms */
    join();
    assert_int_equal(say_data(PEX_CHANNEL, true, 900), ERR_OK); /* 910 with all prefixes */
    assert_int_equal(say_data(PEX_CHANNEL, true, 81), ERR_OK);  /* 88 */
    assert_int_equal(link_read_resume_ms(a.link, at(0)), 0);
    assert_int_equal(say("\x02\x0a\x00", 3), ERR_OK); /* 1001 */
    assert_int_equal(link_read_resume_ms(a.link, at(0)), 90);
    assert_int_equal(say_data(PEX_CHANNEL, true, 1), ERR_OK); /* taken all the same */
    assert_int_equal(a.messages_n, 3);
    assert_int_equal(link_read_resume_ms(a.link, at(200)), 200);
}

static void idle_link_holds_only_its_struct(void **state)
{
    (void)state;
    static uint8_t bytes[MESSAGE_MAX];
    side_add_channel(&a, 1, 10);
    side_add_channel(&b, 1, 10);
    side_connect(&a, &b, at(0));
    size_t idle = link_memory(a.link);
    assert_true(idle <= LINK_IDLE_BYTES);
    assert_int_equal(link_memory(b.link), idle);
    for (uint8_t i = 0; i < 4; i++) {
        struct span message = span_of(bytes, sizeof bytes);
        assert_int_equal(
            link_send(a.link, at(0), i % 2 ? OTHER_CHANNEL : PEX_CHANNEL, message), ERR_OK);
    }
    assert_true(link_memory(a.link) > 4 * sizeof bytes);
    assert_int_equal(carry(&a, &b, at(0), 1000), ERR_OK);
    assert_int_equal(b.messages_n, 4);
    assert_int_equal(link_memory(a.link), idle);
    assert_int_equal(link_memory(b.link), idle);
    assert_true(link_is_drained(a.link));
}

static void memory_of_half_a_message_is_bounded(void **state)
{
    (void)state;
    join();
    size_t idle = link_memory(a.link);
    size_t received = 0;
    for (unsigned i = 0; i < 62; i++) {
        assert_int_equal(say_data(PEX_CHANNEL, false, 1000), ERR_OK);
        received += 1000;
        assert_true(link_memory(a.link) - idle <= 2 * received + 128);
    }
    assert_true(link_memory(a.link) - idle <= 64000 + 128);
    assert_int_equal(say("\x00", 1), ERR_PACKET_KIND);
    assert_true(link_memory(a.link) <= idle); /* a failed link lets go */
}

/* Reaches stage 0 - 3, then sends `n` random bytes, sealed if the stage is and `sealed` says so. */
static void garbage_at(unsigned stage, bool sealed, struct rng *rng)
{
    setup(NULL);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    if (stage > 0)
        assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    if (stage > 1)
        assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    if (stage > 2) {
        struct node_info info = info_of(puppet.id_text);
        assert_int_equal(puppet_introduce(&puppet, &a, at(0), &info), ERR_OK);
    }
    uint8_t bytes[4096];
    enum err err = ERR_OK;
    for (unsigned i = 0; i < 64 && !err; i++) {
        size_t n = 1 + rng_below(rng, sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (uint8_t)rng_next(rng);
        err = sealed && stage > 0 ? puppet_send(&puppet, &a, at(0), span_of(bytes, n))
                                  : link_receive(a.link, at(0), bytes, n);
        assert_true(link_memory(a.link) < 1u << 18);
    }
    assert_int_equal(err_blame(err), BLAME_PEER);
    teardown(NULL);
}

static void garbage_ends_the_link_at_every_stage(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 7);
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned stage = 0; stage < 4; stage++) {
            garbage_at(stage, true, &rng);
            garbage_at(stage, false, &rng);
        }
    }
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(messages_of_every_size_arrive_at_every_split),
        CASE(messages_survive_random_splits),
        CASE(several_messages_share_a_frame),
        CASE(packets_spread_over_frames_of_any_size),
        CASE(message_capacity_is_64000_bytes),
        CASE(message_capacity_holds_before_the_end_is_seen),
        CASE(packet_of_1028_bytes_without_eof_passes),
        CASE(packet_limit_follows_our_payload_setting),
        CASE(empty_message_is_delivered),
        CASE(channels_interleave),
        CASE(stream_ends_on_bad_packets),
        CASE(stream_ends_on_unknown_channels),
        CASE(stream_ends_with_what_the_handler_returns),
        CASE(received_bytes_count_against_the_limit),
        CASE(idle_link_holds_only_its_struct),
        CASE(memory_of_half_a_message_is_bounded),
        CASE(garbage_ends_the_link_at_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
