/* One link against a peer made of the input.
 *
 * byte 0: how far an honest peer gets before the input speaks
 *         (low bits: 0 nothing, 1 keys agreed, 2 authenticated, 3 node info exchanged);
 *         and what the link expects (next bits: 0, 3 inbound, 1 our ID, 2 another ID)
 * byte 1: largest piece of bytes handed over at once
 * then commands: a kind byte, a length byte (times 9), that many bytes
 *         kind 0, 1: sealed into frames; 2: raw; 3: time passes; 4: sealed one byte a frame;
 *         5: a message of ours; 6: flush; 7: an empty frame
 * The fuzzer owns the peer's keys, so its bytes reach the parsers behind the cipher. */
#include "unit/link/peer.h"

#define STEPS_MAX 400
#define MEMORY_MAX (1u << 19)

static struct side side;
static struct puppet puppet;
static size_t piece_max;
static int64_t now_ms;

static struct span take_bytes(struct span *in, size_t n)
{
    return span_take(in, n < in->n ? n : in->n);
}

static unsigned take_byte(struct span *in)
{
    struct span byte = take_bytes(in, 1);
    return byte.n ? byte.at[0] : 0;
}

static enum err feed(const uint8_t *bytes, size_t n)
{
    enum err err = ERR_OK;
    for (size_t i = 0, step; i < n && !err; i += step) {
        step = piece_max < n - i ? piece_max : n - i;
        err = side_receive(&side, at(now_ms), span_of(bytes + i, step));
    }
    return err;
}

static enum err feed_sealed(struct span data, size_t frame_max)
{
    enum err err = ERR_OK;
    while (data.n > 0 && !err) {
        uint8_t sealed[FRAME_SEALED];
        size_t n = data.n < frame_max ? data.n : frame_max;
        frame_seal(&puppet.seal, span_take(&data, n), sealed);
        err = feed(sealed, sizeof sealed);
    }
    return err;
}

static enum err reach(unsigned stage)
{
    struct node_info info = info_of(puppet.id_text);
    info.channels = side.settings.own.channels;
    enum err err = ERR_OK;
    if (stage > 0)
        err = puppet_meet(&puppet, &side, at(now_ms));
    if (stage > 1 && !err)
        err = puppet_authenticate(&puppet, &side, at(now_ms));
    if (stage > 2 && !err)
        err = puppet_introduce(&puppet, &side, at(now_ms), &info);
    return err;
}

static enum err obey(unsigned kind, struct span bytes)
{
    switch (kind) {
    case 2:
        return feed(bytes.at, bytes.n);
    case 3:
        now_ms += (int64_t)bytes.n * 37;
        return link_tick(side.link, at(now_ms));
    case 4:
        return feed_sealed(bytes, 1);
    case 5:
        link_send(side.link, at(now_ms), bytes.n % 2 ? OTHER_CHANNEL : PEX_CHANNEL, bytes);
        return ERR_OK;
    case 6:
        link_flush(side.link);
        return ERR_OK;
    case 7:
        return puppet_send_frame(&puppet, &side, at(now_ms), (struct span){0});
    default:
        return feed_sealed(bytes, FRAME_DATA_MAX);
    }
}

/* What the link has to say; every frame must open and hold something once keys are agreed. */
static void drain(unsigned stage)
{
    static uint8_t out[1u << 16];
    if (stage > 0)
        puppet_take(&puppet, &side, at(now_ms), out, sizeof out);
    else
        while (link_transmit(side.link, at(now_ms), out, LINK_TRANSMIT_MIN) > 0)
            continue;
}

static void check(enum err err)
{
    if (link_is_drained(side.link))
        assert(link_pending_bytes(side.link) == 0);
    if (link_is_established(side.link))
        assert(link_peer_id(side.link) && link_read_resume_ms(side.link, at(now_ms)) >= now_ms);
    assert(link_deadline(side.link) >= now_ms || link_tick(side.link, at(now_ms)) != ERR_OK);
    assert(link_memory(side.link) <= MEMORY_MAX);
    assert(err == ERR_OK || err_blame(err) == BLAME_PEER);
    if (err) {
        assert(link_tick(side.link, at(now_ms)) == err);
        assert(link_deadline(side.link) == NEVER_MS);
    }
}

/* A failed link hands out what it had sealed, then holds nothing. */
static void check_end(unsigned stage)
{
    drain(stage);
    assert(link_is_drained(side.link));
    assert(link_memory(side.link) <= LINK_IDLE_BYTES);
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return crypto_init() ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = span_of(data, size);
    now_ms = 0;
    side_init(&side, SEED_A);
    side_add_channel(&side, 5, 3);
    side.settings.recv_rate = side.settings.send_rate = 5120000;
    side.settings.flush_throttle_ms = 100;
    side.settings.channels[1].receive_max = 3000;
    puppet_init(&puppet, SEED_B);
    unsigned first = take_byte(&in), stage = first % 4;
    const struct peer_id *dialed[4] = {NULL, &puppet.key.id, &side.key.id, NULL};
    side_open(&side, dialed[first / 4 % 4], EPHEMERAL_A, at(0));
    enum err err = reach(stage);
    piece_max = 1 + 5 * (size_t)take_byte(&in);
    check(err);
    for (unsigned i = 0; i < STEPS_MAX && in.n > 0 && !err; i++) {
        unsigned kind = take_byte(&in) % 8;
        err = obey(kind, take_bytes(&in, 9 * (size_t)take_byte(&in)));
        check(err);
        drain(stage);
    }
    if (err)
        check_end(stage);
    side_close(&side);
    return 0;
}
