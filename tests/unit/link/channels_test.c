/* Sending: queues, priorities, flush throttle, rate (wire.md 5.3, 5.5; R16, F12). */
#include "unit/link/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct side a;
static struct puppet puppet;
static uint8_t zeros[MESSAGE_MAX];
static uint8_t out[2 * MESSAGE_MAX];

static int setup(void **state)
{
    (void)state;
    side_init(&a, SEED_A);
    puppet_init(&puppet, SEED_B);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    side_close(&a);
    return 0;
}

static void join(void)
{
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(puppet_join(&puppet, &a, at(0)), ERR_OK);
}

static enum err send_zeros(uint8_t channel, size_t n, int64_t ms)
{
    return link_send(a.link, at(ms), channel, span_of(zeros, n));
}

static size_t take(int64_t ms)
{
    return puppet_take(&puppet, &a, at(ms), out, sizeof out);
}

/* Takes what one call with room for `frames` hands out, and adds up the data by channel. */
static void take_frames(size_t frames, int64_t ms, size_t *pex, size_t *other)
{
    static uint8_t sealed[64 * FRAME_SEALED];
    size_t n = link_transmit(a.link, at(ms), sealed, frames * FRAME_SEALED), got = 0;
    for (size_t i = 0; i < n; i += FRAME_SEALED) {
        struct span data;
        assert_int_equal(frame_open(&puppet.open, sealed + i, &data), ERR_OK);
        memcpy(out + got, data.at, data.n);
        got += data.n;
    }
    struct span packets = span_of(out, got);
    while (packets.n > 0) {
        uint64_t body_n;
        struct packet packet;
        assert_int_equal(varint_take(&packets, &body_n), ERR_OK);
        assert_true(body_n <= packets.n);
        assert_int_equal(packet_decode(span_take(&packets, body_n), &packet), ERR_OK);
        *(packet.channel == PEX_CHANNEL ? pex : other) += packet.data.n;
    }
}

static void send_needs_an_established_link(void **state)
{
    (void)state;
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_CHANNEL_UNKNOWN);
}

static void send_needs_a_channel_the_peer_announced(void **state)
{
    (void)state;
    side_add_channel(&a, 1, 10);
    side_open(&a, NULL, EPHEMERAL_A, at(0));
    struct node_info info = info_of(puppet.id_text); /* 0x00 only */
    assert_int_equal(puppet_meet(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_authenticate(&puppet, &a, at(0)), ERR_OK);
    assert_int_equal(puppet_introduce(&puppet, &a, at(0), &info), ERR_OK);
    assert_int_equal(send_zeros(OTHER_CHANNEL, 1, 0), ERR_CHANNEL_UNKNOWN);
    assert_int_equal(send_zeros(0x77, 1, 0), ERR_CHANNEL_UNKNOWN);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
}

static void message_goes_out_as_the_packet_of_appendix_a(void **state)
{
    (void)state;
    join();
    assert_int_equal(link_send(a.link, at(0), PEX_CHANNEL, span_of("\x0a\x00", 2)), ERR_OK);
    assert_int_equal(take(0), 9);
    assert_memory_equal(out, "\x08\x1a\x06\x10\x01\x1a\x02\x0a\x00", 9);
}

static void message_of_1024_bytes_is_one_packet(void **state)
{
    (void)state;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 1024, 0), ERR_OK);
    assert_int_equal(take(0), 2 + 3 + 2 + 3 + 1024);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1025, 0), ERR_OK);
    assert_int_equal(take(0), (2 + 3 + 3 + 1024) + (1 + 2 + 2 + 2 + 1));
}

static void packets_follow_a_smaller_payload_setting(void **state)
{
    (void)state;
    a.settings.payload_max = 64;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 65, 0), ERR_OK);
    assert_int_equal(take(0), (1 + 2 + 2 + 64) + (1 + 2 + 2 + 2 + 1));
}

static void transmit_never_writes_past_what_it_was_given(void **state)
{
    (void)state;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 64000, 0), ERR_OK);
    size_t pending = link_pending_bytes(a.link);
    assert_int_equal(pending, 64000);
    uint8_t *exact = malloc(LINK_TRANSMIT_MIN + 500);
    size_t n;
    while ((n = link_transmit(a.link, at(0), exact, LINK_TRANSMIT_MIN + 500)) > 0) {
        assert_true(n <= LINK_TRANSMIT_MIN && n % FRAME_SEALED == 0);
        assert_true(link_pending_bytes(a.link) < pending);
        pending = link_pending_bytes(a.link);
    }
    free(exact);
    assert_true(link_is_drained(a.link));
    assert_int_equal(pending, 0);
}

static void full_queue_lets_one_message_wait_for_room(void **state)
{
    (void)state;
    join();
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    assert_int_equal(send_zeros(PEX_CHANNEL, 2, 500), ERR_OK);
    assert_int_equal(send_zeros(PEX_CHANNEL, 3, 500), ERR_FULL);
    assert_int_equal(link_deadline(a.link), 10500);
    take(600);
    assert_int_equal(link_deadline(a.link), 60000);
    assert_int_equal(link_tick(a.link, at(20000)), ERR_OK);
    assert_int_equal(a.send_failed_n, 0);
    assert_true(link_is_drained(a.link));
}

/* R16, F12 */
static void waiting_message_fails_when_no_room_comes(void **state)
{
    (void)state;
    join();
    for (unsigned i = 0; i < 11; i++)
        assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    size_t pending = link_pending_bytes(a.link);
    assert_int_equal(link_tick(a.link, at(9999)), ERR_OK);
    assert_int_equal(a.send_failed_n, 0);
    assert_int_equal(link_tick(a.link, at(10000)), ERR_OK);
    assert_int_equal(a.send_failed_n, 1);
    assert_int_equal(link_pending_bytes(a.link), pending - 1);
    assert_int_equal(take(10000), 10 * 8);
}

static void no_message_waits_without_a_timeout(void **state)
{
    (void)state;
    a.settings.send_timeout_ms = 0;
    join();
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_FULL);
}

static void busy_channels_share_by_priority(void **state)
{
    (void)state;
    a.settings.channels[0].queue_max = 1000;
    side_add_channel(&a, 3, 1000);
    join();
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(send_zeros(PEX_CHANNEL, 1024, 0), ERR_OK);
        assert_int_equal(send_zeros(OTHER_CHANNEL, 1024, 0), ERR_OK);
    }
    size_t pex = 0, other = 0;
    take_frames(41, 0, &pex, &other);
    assert_int_equal(pex + other, 40 * 1024);
    assert_int_equal(pex, 10 * 1024);
}

static void ties_go_to_the_channel_registered_first(void **state)
{
    (void)state;
    side_add_channel(&a, 1, 10);
    join();
    assert_int_equal(send_zeros(OTHER_CHANNEL, 1, 0), ERR_OK);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    take(0);
    assert_memory_equal(out, "\x07\x1a\x05\x10\x01", 5); /* no channel field: 0x00 */
}

/* recently_sent is forgotten at 0.8 per 2 s, so a channel does not pay for old traffic */
static void old_traffic_fades(void **state)
{
    (void)state;
    side_add_channel(&a, 1, 10);
    join();
    size_t pex = 0, other = 0;
    assert_int_equal(send_zeros(PEX_CHANNEL, 20 * 1024, 0), ERR_OK);
    take_frames(64, 0, &pex, &other);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1024, 100000), ERR_OK);
    assert_int_equal(send_zeros(OTHER_CHANNEL, 1024, 100000), ERR_OK);
    pex = other = 0;
    take_frames(2, 100000, &pex, &other);
    assert_int_equal(pex, 1024); /* a tie again */
    assert_int_equal(other, 0);
}

static void fresh_traffic_counts(void **state)
{
    (void)state;
    side_add_channel(&a, 1, 10);
    join();
    size_t pex = 0, other = 0;
    assert_int_equal(send_zeros(PEX_CHANNEL, 20 * 1024, 0), ERR_OK);
    take_frames(64, 0, &pex, &other);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1024, 1999), ERR_OK);
    assert_int_equal(send_zeros(OTHER_CHANNEL, 1024, 1999), ERR_OK);
    pex = other = 0;
    take_frames(2, 1999, &pex, &other);
    assert_int_equal(other, 1024);
    assert_int_equal(pex, 0);
}

/* 1000 bytes of old traffic against `fresh` ones: whose turn it is at the given moment */
static size_t pex_taken_at(int64_t ms, size_t fresh)
{
    setup(NULL);
    side_add_channel(&a, 1, 10);
    join();
    size_t pex = 0, other = 0;
    assert_int_equal(send_zeros(PEX_CHANNEL, 1000, 0), ERR_OK);
    take_frames(2, 0, &pex, &other);
    assert_int_equal(send_zeros(OTHER_CHANNEL, fresh, ms), ERR_OK);
    take_frames(2, ms, &pex, &other);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1024, ms), ERR_OK);
    assert_int_equal(send_zeros(OTHER_CHANNEL, 1024, ms), ERR_OK);
    pex = 0;
    take_frames(2, ms, &pex, &other);
    teardown(NULL);
    return pex;
}

static void traffic_counts_four_fifths_after_two_seconds(void **state)
{
    (void)state;
    assert_int_equal(pex_taken_at(1999, 900), 0);
    assert_int_equal(pex_taken_at(2000, 900), 1024);
    assert_int_equal(pex_taken_at(2000, 760), 0);
}

static void small_messages_wait_for_the_flush_throttle(void **state)
{
    (void)state;
    a.settings.flush_throttle_ms = 100;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 1000), ERR_OK);
    assert_int_equal(link_deadline(a.link), 1100);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 1050), ERR_OK);
    assert_int_equal(link_deadline(a.link), 1100); /* counts from the first */
    assert_int_equal(take(1099), 0);
    assert_false(link_is_drained(a.link));
    assert_int_equal(link_tick(a.link, at(1100)), ERR_OK);
    assert_int_equal(take(1100), 16);
    assert_int_equal(link_deadline(a.link), 60000);
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 2000), ERR_OK);
    assert_int_equal(link_deadline(a.link), 2100);
}

static void messages_that_fill_a_frame_go_at_once(void **state)
{
    (void)state;
    a.settings.flush_throttle_ms = 100;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 1000, 0), ERR_OK);
    assert_int_equal(take(0), 0);
    assert_int_equal(send_zeros(PEX_CHANNEL, 24, 0), ERR_OK);
    assert_true(take(0) > 1024);
    assert_true(link_is_drained(a.link));
}

static void flush_ends_the_throttle(void **state)
{
    (void)state;
    a.settings.flush_throttle_ms = 100;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    link_flush(a.link);
    assert_int_equal(take(0), 8);
    assert_true(link_is_drained(a.link));
}

static void a_full_socket_keeps_no_timer_running(void **state)
{
    (void)state;
    a.settings.flush_throttle_ms = 100;
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 1, 0), ERR_OK);
    assert_int_equal(link_tick(a.link, at(100)), ERR_OK); /* but nothing is taken */
    assert_int_equal(link_deadline(a.link), 60000);
}

static void send_rate_holds_batches_back(void **state)
{
    (void)state;
    a.settings.send_rate = 50000; /* 5000 in 100 ms, less than a batch of 10 packets */
    join();
    assert_int_equal(send_zeros(PEX_CHANNEL, 30 * 1024, 0), ERR_OK);
    size_t pex = 0, other = 0;
    take_frames(64, 0, &pex, &other);
    assert_int_equal(pex, 10 * 1024);
    assert_int_equal(link_deadline(a.link), 90);
    take_frames(64, 89, &pex, &other);
    assert_int_equal(pex, 10 * 1024);
    take_frames(64, 90, &pex, &other);
    assert_int_equal(pex, 20 * 1024); /* the overshoot is forgiven */
    take_frames(64, 190, &pex, &other);
    assert_int_equal(pex, 30 * 1024);
    assert_true(link_is_drained(a.link));
}

static void send_rate_is_kept_over_a_second(void **state)
{
    (void)state;
    a.settings.send_rate = 204800;
    join();
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(send_zeros(PEX_CHANNEL, 64000, 0), ERR_OK);
    size_t pex = 0, other = 0;
    for (int64_t ms = 0; ms < 1000; ms = link_deadline(a.link))
        take_frames(64, ms, &pex, &other);
    assert_in_range(pex, 180000, 320000); /* ten samples, each over by less than a batch */
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    if (!crypto_init())
        return 1;
    const struct CMUnitTest tests[] = {
        CASE(send_needs_an_established_link),
        CASE(send_needs_a_channel_the_peer_announced),
        CASE(message_goes_out_as_the_packet_of_appendix_a),
        CASE(message_of_1024_bytes_is_one_packet),
        CASE(packets_follow_a_smaller_payload_setting),
        CASE(transmit_never_writes_past_what_it_was_given),
        CASE(full_queue_lets_one_message_wait_for_room),
        CASE(waiting_message_fails_when_no_room_comes),
        CASE(no_message_waits_without_a_timeout),
        CASE(busy_channels_share_by_priority),
        CASE(ties_go_to_the_channel_registered_first),
        CASE(old_traffic_fades),
        CASE(fresh_traffic_counts),
        CASE(traffic_counts_four_fifths_after_two_seconds),
        CASE(small_messages_wait_for_the_flush_throttle),
        CASE(messages_that_fill_a_frame_go_at_once),
        CASE(flush_ends_the_throttle),
        CASE(a_full_socket_keeps_no_timer_running),
        CASE(send_rate_holds_batches_back),
        CASE(send_rate_is_kept_over_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
