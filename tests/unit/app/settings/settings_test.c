#include "app/settings/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/settings/settings_variable.h"
#include "node/node.h"
#include "script/script.h"
#include "unit/app/settings/loaded_home.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void settings_have_the_defaults_of_cometbft(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(settings_default(&s), ERR_OK);
    assert_string_equal(s.p2p.laddr.text, "tcp://0.0.0.0:26656");
    assert_int_equal(s.p2p.laddr.at.port, 26656);
    assert_false(s.p2p.laddr.at.is_name);
    assert_string_equal(s.p2p.external_address.text, "");
    assert_int_equal(s.p2p.seeds.n + s.p2p.persistent_peers.n, 0);
    assert_string_equal(s.p2p.addr_book_file, "config/addrbook.json");
    assert_true(s.p2p.addr_book_strict);
    assert_int_equal(s.p2p.max_num_inbound_peers, 40);
    assert_int_equal(s.p2p.max_num_outbound_peers, 10);
    assert_int_equal(s.p2p.persistent_peers_max_dial_period_ms, 0);
    assert_int_equal(s.p2p.flush_throttle_timeout_ms, 100);
    assert_int_equal(s.p2p.max_packet_msg_payload_size, 1024);
    assert_int_equal(s.p2p.send_rate, 5120000);
    assert_int_equal(s.p2p.recv_rate, 5120000);
    assert_true(s.p2p.pex);
    assert_false(s.p2p.seed_mode || s.p2p.allow_duplicate_ip || s.p2p.upnp || s.filter_peers);
    assert_int_equal(s.p2p.handshake_timeout_ms, 20000);
    assert_int_equal(s.p2p.dial_timeout_ms, 3000);
    assert_string_equal(s.node_key_file, "config/node_key.json");
    assert_int_equal(s.log_level, LOG_INFO);
    assert_int_equal(s.log_format, LOG_FORMAT_PLAIN);
    assert_true(*s.moniker);
    settings_free(&s);
}

static void settings_have_the_defaults_of_the_policy_vm(void **state)
{
    (void)state;
    struct settings s;
    assert_int_equal(settings_default(&s), ERR_OK);
    const struct script_settings script = script_settings_default();
    assert_int_equal(s.policy.instructions_max, script.instructions_max);
    assert_int_equal(s.policy.memory_max, script.memory_max);
    assert_int_equal(s.policy.fuse_ms, script.fuse_ms);
    assert_int_equal(s.policy.turn_fuse_ms, script.turn_fuse_ms);
    assert_true(s.policy.watch);
    assert_string_equal(s.policy.file, "");
    settings_free(&s);
}

static void settings_defaults_pass_their_own_checks(void **state)
{
    (void)state;
    struct settings s;
    struct settings_problems problems;
    assert_int_equal(settings_load(NULL, NULL, NULL, 0, &s, &problems), ERR_OK);
    assert_int_equal(problems.n, 0);
    settings_free(&s);
}

static void settings_are_read_from_the_file(void **state)
{
    (void)state;
    struct home home;
    load(&home,
        "moniker = \"file\"\nlog_level = 'error'\nlog_format = \"json\"\n"
        "[p2p]\nseeds = \" " ID_A "@1.2.3.4:1 , ,tcp://" ID_B "@host.example:2,\"\n"
        "persistent_peers = [\"" ID_A "@[2001:db8::1]:3\"]\n"
        "private_peer_ids = \"" ID_A "\"\npex = false\ndial_timeout = \"1m30s\"\n"
        "max_num_inbound_peers = 0x10\nexternal_address = \"5.6.7.8:9\"\nladdr = \":1234\"\n"
        "[pex]\nnetwork = \"n-1\"\n[policy]\nfile = \"p.lua\"\n",
        NULL, NULL, 0);
    assert_int_equal(home.err, ERR_OK);
    assert_int_equal(home.problems.n, 0);
    const struct settings *s = &home.settings;
    assert_string_equal(s->moniker, "file");
    assert_int_equal(s->log_level, LOG_ERROR);
    assert_int_equal(s->log_format, LOG_FORMAT_JSON);
    assert_int_equal(s->p2p.seeds.n, 2);
    assert_int_equal(s->p2p.seeds.items[0].port, 1);
    assert_string_equal(s->p2p.seeds.items[1].host, "host.example");
    assert_int_equal(s->p2p.persistent_peers.n, 1);
    assert_int_equal(s->p2p.persistent_peers.items[0].port, 3);
    assert_int_equal(s->p2p.private_peer_ids.n, 1);
    assert_int_equal(s->p2p.private_peer_ids.items[0].bytes[0], 0xaa);
    assert_false(s->p2p.pex);
    assert_int_equal(s->p2p.dial_timeout_ms, 90000);
    assert_int_equal(s->p2p.max_num_inbound_peers, 16);
    assert_int_equal(s->p2p.external_address.at.port, 9);
    assert_int_equal(s->p2p.laddr.at.port, 1234);
    assert_string_equal(s->pex.network, "n-1");
    char *path = settings_path(s, s->policy.file);
    assert_string_equal(path, temp_path(&home.folder, "p.lua"));
    free(path);
    unload(&home);
}

static void settings_flag_beats_variable_beats_file_beats_default(void **state)
{
    (void)state;
    char *environment[] = {"LUAPEX_P2P_SEND_RATE=2", "LUAPEX_P2P_RECV_RATE=2", NULL};
    const struct settings_override flag = {"p2p.recv-rate", "3"};
    struct home home;
    load(&home, "[p2p]\nmax_num_outbound_peers = 1\nsend_rate = 1\nrecv_rate = 1\n", environment,
        &flag, 1);
    assert_int_equal(home.err, ERR_OK);
    assert_int_equal(home.settings.p2p.max_num_inbound_peers, 40);
    assert_int_equal(home.settings.p2p.max_num_outbound_peers, 1);
    assert_int_equal(home.settings.p2p.send_rate, 2);
    assert_int_equal(home.settings.p2p.recv_rate, 3);
    unload(&home);
}

static void assert_outranked_by(
    const struct home *home, const char *setting, char *const *environment, const char *expected)
{
    char name[SETTINGS_VARIABLE_MAX];
    const char *by =
        settings_outranked_by(&home->settings, setting_find("p2p", setting), environment, name);
    if (expected && by)
        assert_string_equal(by, expected);
    else
        assert_ptr_equal(by, expected);
}

static void settings_know_what_outranks_the_file(void **state)
{
    (void)state;
    char *environment[] = {"CMT_P2P_SEND_RATE=2", "LUAPEX_P2P_RECV_RATE=2", NULL};
    const struct settings_override flag = {"p2p.recv-rate", "3"};
    struct home home;
    load(&home, "[p2p]\nmax_num_outbound_peers = 1\nsend_rate = 1\n", environment, &flag, 1);
    assert_outranked_by(&home, "max_num_inbound_peers", environment, NULL);
    assert_outranked_by(&home, "max_num_outbound_peers", environment, NULL);
    assert_outranked_by(&home, "send_rate", environment, "CMT_P2P_SEND_RATE");
    assert_outranked_by(&home, "recv_rate", environment, "--p2p.recv_rate");
    unload(&home);
}

static void settings_variables_of_cometbft_and_tendermint_count(void **state)
{
    (void)state;
    char *environment[] = {"TM_P2P_SEND_RATE=1", "CMT_P2P_SEND_RATE=2", "TM_P2P_RECV_RATE=3",
        "LUAPEX_P2P_RECV_RATE=", "CMT_P2P_EXTERNAL_ADDRESS=1.2.3.4:5", "CMT_MONIKER=env",
        "P2P_SEED_MODE=true", "LUAPEX_HOME=/somewhere", NULL};
    struct home home;
    load(&home, "", environment, NULL, 0);
    assert_int_equal(home.err, ERR_OK);
    assert_int_equal(home.problems.n, 0);
    assert_int_equal(home.settings.p2p.send_rate, 2); /* the newer name first */
    assert_int_equal(home.settings.p2p.recv_rate, 3); /* an empty variable is not set */
    assert_string_equal(home.settings.p2p.external_address.text, "1.2.3.4:5");
    assert_string_equal(home.settings.moniker, "env");
    assert_false(home.settings.p2p.seed_mode);
    unload(&home);
}

static void settings_errors_name_file_line_key_and_cause(void **state)
{
    (void)state;
    static const struct {
        const char *config, *problem;
    } cases[] = {
        {"[p2p]\nmax_num_inbound_peers = -1\n",
            "2: p2p.max_num_inbound_peers: '-1' is not an integer from 0 to 100000 (peers)"},
        {"[p2p]\n\nmax_num_outbound_peers = \"ten\"\n",
            "3: p2p.max_num_outbound_peers: 'ten' is not an integer from 0 to 100000 (peers)"},
        {"[p2p]\nsend_rate = 1.5\n",
            "2: p2p.send_rate: '1.5' is not an integer from 0 to 1000000000000 (bytes per second)"},
        {"[p2p]\nflush_throttle_timeout = \"-1s\"\n",
            "2: p2p.flush_throttle_timeout: '-1s' is not a duration from 0s to 1m"},
        {"[p2p]\ndial_timeout = 3\n",
            "2: p2p.dial_timeout: '3' is not a duration: the unit is "
            "missing; write \"30s\" or \"1h30m\""},
        {"[p2p]\npex = \"yes\"\n", "2: p2p.pex: 'yes' is not true or false"},
        {"[p2p]\npex = [true]\n", "2: p2p.pex: expected true or false"},
        {"[p2p]\nladdr = [\"a:1\"]\n", "2: p2p.laddr: expected an address host:port"},
        {"[p2p]\nseeds = \"1.2.3.4:26656\"\n", NULL},
        {"[p2p]\nseeds = \"" ID_A "@1.2.3.4:26656," ID_B "@1.2.3.4:99999\"\n", NULL},
        {"[p2p]\nexternal_address = \"1.2.3.4\"\n", NULL},
        {"[p2p]\nladdr = \"\"\n", NULL},
        {"[p2p]\nprivate_peer_ids = \"AB\"\n",
            "2: p2p.private_peer_ids: 'AB' is not an ID: 40 hex digits, letters in lower case"},
        {"[p2p]\nseed_mode = true\npex = false\n", "2: p2p.seed_mode: a seed needs p2p.pex = true"},
        {"moniker = \"\xc3\xa9\"\n",
            "1: moniker: '\xc3\xa9' is not printable ASCII with something to see in it"},
        {"moniker = \" \"\n", "1: moniker: ' ' is not printable ASCII with something to see in it"},
        {"moniker = \"a\\u0000b\"\n", "1: moniker: holds a NUL"},
        {"log_level = \"loud\"\n", "1: log_level: 'loud' is not debug, info, error or none"},
        {"[policy]\nfuse = \"30ms\"\nturn_fuse = \"10ms\"\n",
            "3: policy.turn_fuse: is shorter than policy.fuse"},
        {"[p2p]\nseeds = \"\n", "2: string without its closing quote"},
        {"[p2p]\nseeds = {a = 1}\n", "2: p2p.seeds: expected a list of addresses ID@host:port"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct home home;
        load(&home, cases[i].config, NULL, NULL, 0);
        assert_int_equal(home.err, ERR_INVALID);
        assert_int_equal(home.problems.errors_n, 1);
        assert_true(home.problems.items[0].is_error);
        const char *problem = only_problem(&home);
        assert_memory_equal(problem, SETTINGS_FILE ":", strlen(SETTINGS_FILE) + 1);
        if (cases[i].problem)
            assert_string_equal(problem + strlen(SETTINGS_FILE) + 1, cases[i].problem);
        unload(&home);
    }
}

static void settings_report_every_error_at_once(void **state)
{
    (void)state;
    char *environment[] = {"CMT_P2P_SEND_RATE=x", NULL};
    const struct settings_override flag = {"p2p.recv_rate", "y"};
    struct home home;
    load(&home, "[p2p]\npex = 1\nladdr = \"x\"\n", environment, &flag, 1);
    assert_int_equal(home.problems.errors_n, 4);
    assert_string_equal(home.problems.items[2].where, "CMT_P2P_SEND_RATE");
    assert_string_equal(home.problems.items[3].where, "--p2p.recv_rate");
    unload(&home);
}

static void settings_problems_beyond_the_list_are_counted(void **state)
{
    (void)state;
    struct settings_override flags[SETTINGS_PROBLEMS_MAX + 3];
    for (size_t i = 0; i < COUNT(flags); i++)
        flags[i] = (struct settings_override){"p2p.pex", "maybe"};
    struct home home;
    load(&home, "", NULL, flags, COUNT(flags));
    assert_int_equal(home.err, ERR_INVALID);
    assert_int_equal(home.problems.n, SETTINGS_PROBLEMS_MAX);
    assert_int_equal(home.problems.errors_n, SETTINGS_PROBLEMS_MAX + 3);
    unload(&home);
}

static void settings_unknown_keys_are_warned_about_with_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *config, *problem;
    } cases[] = {
        {"[p2p]\nsedes = \"\"\n", "2: p2p.sedes: unknown key, ignored; did you mean p2p.seeds?"},
        {"[p2p]\npersistent-peers = \"\"\n",
            "2: p2p.persistent-peers: unknown key, ignored; did you mean p2p.persistent_peers?"},
        {"[pex]\nnetwrok = \"\"\n",
            "2: pex.netwrok: unknown key, ignored; did you mean pex.network?"},
        {"[pex]\nseeds = \"\"\n", "2: pex.seeds: unknown key, ignored; did you mean p2p.seeds?"},
        {"seeds = \"\"\n", "1: seeds: unknown key, ignored; did you mean p2p.seeds?"},
        {"monikr = \"\"\n", "1: monikr: unknown key, ignored; did you mean moniker?"},
        {"[policy]\nxyzzy = 1\n", "2: policy.xyzzy: unknown key, ignored"},
        {"[control]\nport = 1\n", "2: control.port: unknown key, ignored"},
        {"[polcy]\nfile = \"\"\nwatch = true\n",
            "2: polcy: unknown section, ignored; did you mean [policy]?"},
        {"[p2p]\nupnp = false\n", "2: p2p.upnp: has no effect: UPnP is not supported"}, /* D10 */
        {"filter_peers = true\n",
            "1: filter_peers: has no effect: there is no application to ask about peers"},
        {"[pex]\nown_request_spacing = \"5s\"\n",
            "2: pex.own_request_spacing: CometBFT peers with default settings ban who asks them "
            "twice within 10s"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct home home;
        load(&home, cases[i].config, NULL, NULL, 0);
        assert_int_equal(home.err, ERR_OK);
        assert_string_equal(only_problem(&home) + strlen(SETTINGS_FILE) + 1, cases[i].problem);
        assert_false(home.problems.items[0].is_error);
        unload(&home);
    }
}

static void settings_variables_like_ours_are_warned_about(void **state)
{
    (void)state;
    char *environment[] = {"LUAPEX_PEX_NETWROK=x", "LUAPEX_DEBUG=1", "CMT_PEX_NETWROK=x", NULL};
    struct home home;
    load(&home, "", environment, NULL, 0);
    assert_int_equal(home.err, ERR_OK);
    assert_string_equal(only_problem(&home),
        "LUAPEX_PEX_NETWROK: unknown variable, ignored; did you mean LUAPEX_PEX_NETWORK?");
    unload(&home);
}

static void settings_skip_what_belongs_to_cometbft(void **state)
{
    (void)state;
    struct home home;
    load(&home,
        "proxy_app = \"kvstore\"\ndb_backend = \"goleveldb\"\nfast_sync = true\n"
        "filter_peers = false\nversion = \"0.38.17\"\n"
        "[rpc]\nladdr = \"tcp://127.0.0.1:26657\"\ncors_allowed_origins = []\n"
        "[p2p]\ntest_fuzz = false\ntest_dial_fail = false\n[p2p.test_fuzz_config]\nMode = 0\n"
        "[mempool]\nsize = 5000\n[tx_index]\nindexer = \"kv\"\n[[other]]\nx = 1\n"
        "[instrumentation]\nnamespace = \"tendermint\"\nmax_open_connections = 3\n"
        "prometheus_listen_addr = \":1\"\n",
        NULL, NULL, 0);
    assert_string_equal(only_problem(&home), "no problem");
    assert_int_equal(home.err, ERR_OK);
    assert_string_equal(home.settings.instrumentation.namespace_, "tendermint");
    unload(&home);
}

static void settings_log_level_takes_lists_of_modules(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum log_level level;
    } cases[] = {{"debug", LOG_DEBUG}, {"none", LOG_NONE}, {"*:error", LOG_ERROR},
        {"main:info,state:info,*:error", LOG_ERROR}, {"p2p:debug,*:error", LOG_DEBUG},
        {"*:error,p2p:debug", LOG_DEBUG}, {"consensus:debug", LOG_INFO}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct settings_override flag = {"log_level", cases[i].text};
        struct settings s;
        struct settings_problems problems;
        assert_int_equal(settings_load(NULL, NULL, &flag, 1, &s, &problems), ERR_OK);
        assert_int_equal(s.log_level, cases[i].level);
        settings_free(&s);
    }
}

static void settings_without_a_file_say_how_to_make_one(void **state)
{
    (void)state;
    struct home home;
    load(&home, NULL, NULL, NULL, 0);
    assert_int_equal(home.err, ERR_INVALID);
    assert_non_null(strstr(only_problem(&home), "luapex init --home"));
    unload(&home);
}

static void settings_file_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    char *blank = malloc(SETTINGS_FILE_MAX + 2);
    assert_non_null(blank);
    memset(blank, '\n', SETTINGS_FILE_MAX + 1);
    blank[SETTINGS_FILE_MAX + 1] = 0;
    struct home home;
    load(&home, blank, NULL, NULL, 0);
    assert_int_equal(home.err, ERR_INVALID);
    assert_string_equal(only_problem(&home), SETTINGS_FILE ": is longer than 4194304 bytes");
    unload(&home);
    blank[SETTINGS_FILE_MAX] = 0;
    load(&home, blank, NULL, NULL, 0);
    assert_int_equal(home.err, ERR_OK);
    unload(&home);
    free(blank);
}

static void settings_list_beyond_its_limit_is_refused(void **state)
{
    (void)state;
    size_t item = sizeof ID_A;
    char *list = malloc((SETTINGS_LIST_MAX + 1) * item + 1);
    assert_non_null(list);
    for (size_t i = 0; i <= SETTINGS_LIST_MAX; i++)
        memcpy(list + i * item, ID_A ",", item + 1);
    const struct settings_override flag = {"p2p.private_peer_ids", list};
    struct settings s;
    struct settings_problems problems;
    assert_int_equal(settings_load(NULL, NULL, &flag, 1, &s, &problems), ERR_INVALID);
    assert_string_equal(problems.items[0].cause, "more than 4096 items");
    list[SETTINGS_LIST_MAX * item] = 0;
    assert_int_equal(settings_load(NULL, NULL, &flag, 1, &s, &problems), ERR_OK);
    assert_int_equal(s.p2p.private_peer_ids.n, SETTINGS_LIST_MAX);
    settings_free(&s);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_have_the_defaults_of_cometbft),
        cmocka_unit_test(settings_have_the_defaults_of_the_policy_vm),
        cmocka_unit_test(settings_defaults_pass_their_own_checks),
        cmocka_unit_test(settings_are_read_from_the_file),
        cmocka_unit_test(settings_flag_beats_variable_beats_file_beats_default),
        cmocka_unit_test(settings_know_what_outranks_the_file),
        cmocka_unit_test(settings_variables_of_cometbft_and_tendermint_count),
        cmocka_unit_test(settings_errors_name_file_line_key_and_cause),
        cmocka_unit_test(settings_report_every_error_at_once),
        cmocka_unit_test(settings_problems_beyond_the_list_are_counted),
        cmocka_unit_test(settings_unknown_keys_are_warned_about_with_the_nearest),
        cmocka_unit_test(settings_variables_like_ours_are_warned_about),
        cmocka_unit_test(settings_skip_what_belongs_to_cometbft),
        cmocka_unit_test(settings_log_level_takes_lists_of_modules),
        cmocka_unit_test(settings_without_a_file_say_how_to_make_one),
        cmocka_unit_test(settings_file_beyond_its_limit_is_refused),
        cmocka_unit_test(settings_list_beyond_its_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
