/* Packets: whatever decodes borrows from the body, encodes again in no more room, and then decodes
 * to the same. Input: a packet body. */
#include "wire/packet.h"

#include "base/varint.h"

#include <stdlib.h>

#define BODY_MAX 4096

static void require(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static uint8_t out[BODY_MAX + VARINT_MAX];
    struct packet packet, again;
    uint64_t body_n;
    if (n > BODY_MAX || packet_decode(span_of(bytes, n), &packet))
        return 0;
    require(packet.data.n == 0 ||
        (packet.data.at > bytes && packet.data.at + packet.data.n <= bytes + n));
    size_t size = packet_size(&packet);
    require(size <= n + varint_size(n));
    require(packet_encode(&packet, out) == size);
    struct span body = span_of(out, size);
    require(varint_take(&body, &body_n) == ERR_OK && body_n == body.n);
    require(packet_decode(body, &again) == ERR_OK);
    require(again.kind == packet.kind && again.channel == packet.channel &&
        again.eof == packet.eof && span_equal(again.data, packet.data));
    return 0;
}
