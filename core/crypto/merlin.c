#include "crypto/merlin.h"

#include <assert.h>

#define RATE 166

enum flag {
    FLAG_INBOUND = 0x01,
    FLAG_DATA = 0x02,
    FLAG_CIPHER = 0x04,
    FLAG_META = 0x10,
};

#define META_AD (FLAG_META | FLAG_DATA)
#define AD FLAG_DATA
#define PRF (FLAG_INBOUND | FLAG_DATA | FLAG_CIPHER)

static void permute(struct merlin *strobe)
{
    strobe->state[strobe->position] ^= strobe->begin;
    strobe->state[strobe->position + 1] ^= 0x04;
    strobe->state[RATE + 1] ^= 0x80;
    keccak_f1600(strobe->state);
    strobe->position = 0;
    strobe->begin = 0;
}

static void advance(struct merlin *strobe)
{
    strobe->position++;
    if (strobe->position == RATE)
        permute(strobe);
}

static void absorb(struct merlin *strobe, struct span data)
{
    for (size_t i = 0; i < data.n; i++) {
        strobe->state[strobe->position] ^= data.at[i];
        advance(strobe);
    }
}

static void begin(struct merlin *strobe, uint8_t flags)
{
    uint8_t header[2] = {strobe->begin, flags};
    strobe->begin = (uint8_t)(strobe->position + 1);
    strobe->flags = flags;
    absorb(strobe, span_of(header, sizeof header));
    if ((flags & FLAG_CIPHER) && strobe->position != 0)
        permute(strobe);
}

static void operate(struct merlin *strobe, uint8_t flags, struct span data)
{
    begin(strobe, flags);
    absorb(strobe, data);
}

/* More data for the operation that is under way. */
static void operate_more(struct merlin *strobe, uint8_t flags, struct span data)
{
    assert(strobe->flags == flags);
    absorb(strobe, data);
}

static void announce(struct merlin *strobe, const char *label, size_t n)
{
    assert(n <= UINT32_MAX);
    uint8_t length[4];
    for (unsigned i = 0; i < sizeof length; i++)
        length[i] = (uint8_t)(n >> (8 * i));
    operate(strobe, META_AD, span_of_text(label));
    operate_more(strobe, META_AD, span_of(length, sizeof length));
}

void merlin_init(struct merlin *transcript, const char *label)
{
    static const uint8_t domain[] = {0x01, RATE + 2, 0x01, 0x00, 0x01, 0x60, 'S', 'T', 'R', 'O',
        'B', 'E', 'v', '1', '.', '0', '.', '2'};
    *transcript = (struct merlin){0};
    memcpy(transcript->state, domain, sizeof domain);
    keccak_f1600(transcript->state);
    operate(transcript, META_AD, span_of_text("Merlin v1.0"));
    merlin_append(transcript, "dom-sep", span_of_text(label));
}

void merlin_append(struct merlin *transcript, const char *label, struct span message)
{
    announce(transcript, label, message.n);
    operate(transcript, AD, message);
}

void merlin_challenge(struct merlin *transcript, const char *label, uint8_t *out, size_t n)
{
    announce(transcript, label, n);
    begin(transcript, PRF);
    for (size_t i = 0; i < n; i++) {
        out[i] = transcript->state[transcript->position];
        transcript->state[transcript->position] = 0;
        advance(transcript);
    }
}
