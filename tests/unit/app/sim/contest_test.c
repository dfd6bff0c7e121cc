/* Policies as they are given, and the command line that plays one run again. */
#include "app/sim/contest.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void open_player(struct player *player, const char *spelled)
{
    char cause[PLAYER_CAUSE_MAX];
    if (player_open(player, spelled, cause) != ERR_OK)
        fail_msg("%s", cause);
}

static void a_policy_may_have_parameters_behind_it(void **state)
{
    (void)state;
    struct player player;
    open_player(&player, "feeler:feeler_s=60:draw=8");
    assert_string_equal(player.words, "feeler");
    assert_string_equal(player.title, "feeler:feeler_s=60:draw=8");
    assert_int_equal(player.rules.params_n, 2);
    assert_string_equal(player.params[0].name, "feeler_s");
    assert_string_equal(player.params[0].value, "60");
    assert_string_equal(player.params[1].name, "draw");
    assert_string_equal(player.params[1].value, "8");
    player_close(&player);
}

static void a_value_may_hold_colons(void **state)
{
    (void)state;
    struct player player;
    open_player(&player, "private:allow=2001:db8::/32,8.0.0.0/8");
    assert_int_equal(player.rules.params_n, 1);
    assert_string_equal(player.params[0].value, "2001:db8::/32,8.0.0.0/8");
    player_close(&player);
}

static void titles_are_as_short_as_tells_them_apart(void **state)
{
    (void)state;
    struct player players[] = {
        {.spelled = "old/mine.lua", .title = "mine.lua"},
        {.spelled = "new/mine.lua", .title = "mine.lua"},
        {.spelled = "old/other.lua", .title = "other.lua"},
        {.spelled = "a/very/long/way/through/many/folders/to/the/first/mine.lua",
            .title = "mine.lua"},
    };
    player_distinguish(players, 4);
    assert_string_equal(players[0].title, "old/mine.lua");
    assert_string_equal(players[1].title, "new/mine.lua");
    assert_string_equal(players[2].title, "other.lua");
    assert_string_equal(players[3].title, "g/way/through/many/folders/to/the/first/mine.lua");
}

static void a_run_is_played_again_alone_by_the_same_flags(void **state)
{
    (void)state;
    const struct flags flags = {
        .own = {{"runs", "50"}, {"nodes", "20"}, {"json", ""}, {"seed", "7"}, {"churn", "1h"}},
        .own_n = 5};
    const struct player player = {.spelled = "diverse:by=tag"};
    const struct result result = {.run = 3, .seed = 9};
    char *again = contest_again(&flags, &player, &result);
    assert_string_equal(
        again, "luapex sim --nodes 20 --json --churn 1h --runs 1 --seed 9 diverse:by=tag");
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_may_have_parameters_behind_it),
        cmocka_unit_test(a_value_may_hold_colons),
        cmocka_unit_test(titles_are_as_short_as_tells_them_apart),
        cmocka_unit_test(a_run_is_played_again_alone_by_the_same_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
