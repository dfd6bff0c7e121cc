/* What the reference reads in valid and mutated messages, luapex reads too: the cases of
 * tests/vectors/protobuf.txt, one "kind hex outcome" a line. A larger file may be named as
 * argument.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/varint.h"
#include "vectors/hex.h"
#include "wire/handshake_message.h"
#include "wire/node_info.h"
#include "wire/packet.h"
#include "wire/pex_message.h"

#define BODY_MAX 4096
#define LINE_MAX 16384

static const char *cases_path = TESTS_DIR "/vectors/protobuf.txt";

/* Outcome as the file writes it: the name of an error, or the body encoded again. */
struct outcome {
    char text[LINE_MAX];
};

static void put_hex(struct outcome *outcome, const uint8_t *bytes, size_t n)
{
    char *at = outcome->text + strlen(outcome->text);
    for (size_t i = 0; i < n; i++)
        at += sprintf(at, "%02x", bytes[i]);
    if (n == 0)
        strcpy(at, "-");
}

/* A delimited message without its length prefix. */
static void put_body(struct outcome *outcome, const uint8_t *bytes, size_t n)
{
    struct span in = span_of(bytes, n);
    uint64_t length;
    assert_int_equal(varint_take(&in, &length), ERR_OK);
    assert_int_equal(length, in.n);
    put_hex(outcome, in.at, in.n);
}

static enum err read_ephemeral(struct span body, struct outcome *outcome)
{
    uint8_t key[32];
    enum err err = ephemeral_message_decode(body, key);
    if (!err)
        put_hex(outcome, key, sizeof key);
    return err;
}

static enum err read_auth(struct span body, struct outcome *outcome)
{
    struct auth_message auth;
    uint8_t out[AUTH_MESSAGE_SIZE];
    enum err err = auth_message_decode(body, &auth);
    if (!err) {
        auth_message_encode(&auth, out);
        put_body(outcome, out, sizeof out);
    }
    return err;
}

static enum err read_node_info(struct span body, struct outcome *outcome)
{
    struct node_info info;
    uint8_t out[BODY_MAX];
    size_t n;
    enum err err = node_info_decode(body, &info);
    if (!err) {
        assert_int_equal(node_info_encode(&info, out, sizeof out, &n), ERR_OK);
        put_body(outcome, out, n);
    }
    return err;
}

static enum err read_packet(struct span body, struct outcome *outcome)
{
    struct packet packet;
    uint8_t out[BODY_MAX];
    enum err err = packet_decode(body, &packet);
    if (!err)
        put_body(outcome, out, packet_encode(&packet, out));
    return err;
}

static enum err read_pex(struct span body, struct outcome *outcome)
{
    static struct pex_scratch scratch;
    struct pex_message message;
    uint8_t out[BODY_MAX];
    size_t n;
    enum err err = pex_message_decode(body, &scratch, &message);
    if (err)
        return err;
    if (message.bad_address) {
        strcpy(outcome->text, "bad_address");
    } else if (message.kind == PEX_REQUEST) {
        strcpy(outcome->text, "request");
    } else {
        sprintf(outcome->text, "%zu:", message.listed_n);
        assert_int_equal(message.addrs_n + message.bad_ids_n, message.listed_n);
        assert_int_equal(pex_message_encode(&message, out, sizeof out, &n), ERR_OK);
        put_hex(outcome, out, n);
    }
    return ERR_OK;
}

static const struct kind {
    const char *name;
    enum err (*read)(struct span body, struct outcome *outcome);
} kinds[] = {
    {"ephemeral", read_ephemeral},
    {"auth", read_auth},
    {"node_info", read_node_info},
    {"packet", read_packet},
    {"pex", read_pex},
};

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    fail_msg("no kind named %s", name);
    return NULL;
}

/* The body alone in memory of its own size, so that a sanitizer sees any step beyond it. */
static void check_case(const char *name, const char *hex, const char *expected)
{
    static struct outcome outcome;
    size_t n = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *body = malloc(n ? n : 1);
    hex_read(n ? hex : "", body, n);
    outcome.text[0] = 0;
    enum err err = kind_named(name)->read(span_of(body, n), &outcome);
    const char *found = err ? err_name(err) : outcome.text;
    if (strcmp(found, expected) != 0)
        fail_msg("%s %s: reference %s, ours %s", name, hex, expected, found);
    free(body);
}

static void messages_are_read_as_the_reference_reads_them(void **state)
{
    (void)state;
    static char name[32], hex[LINE_MAX], expected[LINE_MAX];
    unsigned cases_n = 0;
    FILE *file = fopen(cases_path, "r");
    if (!file)
        fail_msg("%s: %s", cases_path, strerror(errno));
    while (fscanf(file, "%31s %16383s %16383s", name, hex, expected) == 3) {
        check_case(name, hex, expected);
        cases_n++;
    }
    assert_true(feof(file));
    assert_true(cases_n >= 1000);
    fclose(file);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_read_as_the_reference_reads_them),
    };
    if (argc > 1)
        cases_path = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
