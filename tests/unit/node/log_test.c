/* The log events of behaviour.md 6.2 that are the node's: each with its level and fields. */
#include "world.h"

#define SEEN_MAX 64

/* Every kind of line that was logged, with the names of its fields. */
struct seen {
    const char *event;
    enum log_level level;
    char fields[128];
};

static struct seen seen[SEEN_MAX];
static size_t seen_n;

static void note(const struct log_line *line)
{
    struct seen made = {.event = line->event, .level = line->level};
    for (unsigned i = 0; i < line->fields_n; i++) {
        strcat(made.fields, i > 0 ? " " : "");
        strcat(made.fields, line->fields[i].key);
        assert_true(!line->fields[i].text || *line->fields[i].text);
    }
    for (size_t i = 0; i < seen_n; i++)
        if (strcmp(seen[i].event, made.event) == 0 && strcmp(seen[i].fields, made.fields) == 0 &&
            seen[i].level == made.level)
            return;
    assert_true(seen_n < SEEN_MAX);
    seen[seen_n++] = made;
}

static bool was_seen(const struct seen *wanted)
{
    for (size_t i = 0; i < seen_n; i++)
        if (strcmp(seen[i].event, wanted->event) == 0 && seen[i].level == wanted->level &&
            strcmp(seen[i].fields, wanted->fields) == 0)
            return true;
    return false;
}

static struct world *open_noted(const struct node_settings *settings)
{
    struct world *world = world_new(settings);
    world->on_log = note;
    return world;
}

/* ---- what makes a node speak ---- */

static void meet_and_exchange(void)
{
    struct node_settings settings = world_settings();
    struct world *world = open_noted(&settings);
    world_start(world);
    uint64_t outbound = world_outbound(world, 1); /* asked at once (R20) */
    const struct addr list[] = {addr_of(50), addr_at(51, 0x0a000001)};
    world_list(world, outbound, list, 2);
    world_request(world, outbound);
    world_run(world, SECONDS_MS(40)); /* rounds, that ask again */
    world_closed(world, outbound, ERR_CLOSED_BY_PEER);
    uint64_t inbound = world_inbound(world, 2);
    world_closed(world, inbound, ERR_PEX_UNDECODABLE);
    world_bad_list(world, world_inbound(world, 3));
    world_run(world, MINUTES_MS(2)); /* the book is saved */
    world_command(world, COMMAND_STOP);
    world_free(world);
}

static void turn_away(void)
{
    struct node_settings settings = world_settings();
    settings.max_inbound = 1;
    settings.allow_duplicate_ip = true;
    struct world *world = open_noted(&settings);
    world_start(world);
    struct endpoint at = remote_of(1);
    struct peer_id first = id_of(1), again = id_of(1);
    uint64_t a = world_accept(world, &at), b = world_accept(world, &at);
    world_closed(world, world_accept(world, &at), ERR_HANDSHAKE_TIMEOUT);
    world_establish(world, a, &first, NULL);
    world_establish(world, b, &again, NULL); /* its ID is connected */
    world_accept(world, &at);                /* no slot */
    world_free(world);
}

static void dial_in_vain(void)
{
    struct node_settings settings = world_settings();
    struct world *world = open_noted(&settings);
    world_add_peers(world, 1, 3);
    world_start(world);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    world_dial_fails(world, world_number(world, 2), ERR_WRONG_ID, false);
    world_dial_fails(world, world_number(world, 3), ERR_SELF, false);
    world_free(world);
}

static void twist_to_remove(
    struct fake_policy *fake, enum hook hook, const void *view, void *verdict)
{
    (void)fake, (void)view;
    if (hook == HOOK_backoff)
        ((struct backoff_verdict *)verdict)->act = BACKOFF_remove;
}

static void remove_and_reinstate(void)
{
    struct node_settings settings = world_settings();
    struct world *world = open_noted(&settings);
    world_add_peers(world, 1, 2);
    world_ban(world, 2, MINUTES_MS(1));
    world->fake.twist = twist_to_remove;
    world_start(world);
    world_dial_fails(world, world_number(world, 1), ERR_REFUSED, false);
    world_run(world, MINUTES_MS(2));
    world_free(world);
}

static void lose_seeds_and_persistent_peers(void)
{
    struct node_settings settings = world_settings();
    struct addr_text seeds[] = {text_of(900, NULL), text_of(901, "seed.invalid")};
    struct addr_text persistent = text_of(902, NULL);
    settings.seeds = seeds;
    settings.seeds_n = 2;
    settings.persistent_peers = &persistent;
    settings.persistent_peers_n = 1;
    settings.reconnect_tries = 2;
    struct world *world = open_noted(&settings);
    world_start(world);
    world_resolved(world, 1, NULL);
    for (unsigned i = 0; i < 12; i++) {
        world_all_dials_fail(world, ERR_REFUSED);
        world_run(world, SECONDS_MS(4));
    }
    for (unsigned i = 0; i < 60 && !world_sockets(world, SOCKET_DIALING); i++)
        world_run(world, SECONDS_MS(1));
    world_all_dials_fail(world, ERR_REFUSED);
    world_closed(world, world_inbound(world, 902), ERR_RESET);
    world_free(world);
}

static void crawl(void)
{
    struct node_settings settings = world_settings();
    settings.seed_mode = true;
    struct world *world = open_noted(&settings);
    world_start(world);
    world_request(world, world_inbound(world, 1)); /* answered and closed (R25) */
    world_free(world);
}

/* ---- what it says ---- */

static void every_event_of_6_2_has_its_level_and_fields(void **state)
{
    (void)state;
    static const struct seen wanted[] = {
        {"ensure peers", LOG_INFO, "outbound inbound dialing wanted"},
        {"asking a peer for addresses", LOG_INFO, "peer"},
        {"dialing seeds", LOG_INFO, "seeds"},
        {"seed does not resolve", LOG_ERROR, "seed error failures"},
        {"seed dial failed", LOG_ERROR, "seed error detail"},
        {"no seed could be reached", LOG_ERROR, "tried"},
        {"dialing", LOG_DEBUG, "addr"},
        {"peer added", LOG_INFO, "peer direction version"},
        {"dial failed", LOG_DEBUG, "addr error failed_before detail"},
        {"peer stopped for error", LOG_ERROR, "peer reason"},
        {"peer stopped gracefully", LOG_INFO, "peer reason"},
        {"peer closed the connection", LOG_INFO, "peer reason"},
        {"inbound rejected", LOG_INFO, "addr error peers detail"},
        {"inbound refused", LOG_INFO, "addr error inbound inbound_max detail"}, /* full */
        {"inbound refused", LOG_INFO, "peer error detail"}, /* could not be added */
        {"persistent peer lost, reconnecting", LOG_INFO, "peer host"},
        {"persistent peer not reached, will try again", LOG_INFO, "peer host error tries wait_ms"},
        {"persistent peer not reached for long, waits grow from now on", LOG_ERROR,
            "peer host error tries wait_ms"},
        {"own address recorded", LOG_INFO, "addr"},
        {"address removed", LOG_INFO, "addr"},
        {"address banned", LOG_INFO, "addr reason seconds"},
        {"peer banned", LOG_INFO, "peer reason seconds"},
        {"addresses reinstated", LOG_INFO, "n"},
        {"book saved", LOG_INFO, "addresses"},
        {"address refused by the book", LOG_DEBUG, "addr error"},
        {"message received", LOG_DEBUG, "peer channel message"},
        {"request sent", LOG_DEBUG, "peer channel message"},
        {"addresses received", LOG_INFO, "peer listed new"},
        {"crawl", LOG_INFO, "addresses peers dialing"},
    };
    seen_n = 0;
    meet_and_exchange();
    turn_away();
    dial_in_vain();
    remove_and_reinstate();
    lose_seeds_and_persistent_peers();
    crawl();
    size_t missing = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (was_seen(&wanted[i]))
            continue;
        missing++;
        print_error("not logged: %d %s: %s\n", wanted[i].level, wanted[i].event, wanted[i].fields);
    }
    for (size_t i = 0; missing > 0 && i < seen_n; i++)
        print_error("logged: %d %s: %s\n", seen[i].level, seen[i].event, seen[i].fields);
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_event_of_6_2_has_its_level_and_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
