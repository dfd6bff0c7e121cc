#include "app/cli/commands.h"
#include "app/sim/contest.h"
#include "app/sim/workers.h"
#include "app/text/complain.h"

#define RUNS_MAX 1000

static const struct flag own_flags[] = {
    {"for", "DURATION", "How long, in virtual time; default: 6h."},
    {"runs", "N", "Networks that every policy plays in; default: 5."},
    {"seed", "N",
        "Number that the first network is drawn from; the next has the next. Default: 1."},
    {"nodes", "N", "Honest nodes, beside the seeds; default: 100, at most 5000."},
    {"seed-nodes", "N",
        "Seeds: they crawl, answer once and hang up; default: 1. With 0 each node knows three "
        "others at first."},
    {"subjects", "N|seeds",
        "Only so many of the nodes run the policy, or the seeds do; all others run default. "
        "Default: all nodes."},
    {"outbound", "N",
        "Outbound peers that each node wants; default: 10, or a quarter of the nodes if that is "
        "fewer."},
    {"inbound", "N", "Inbound peers that each node accepts; default: 40."},
    {"groups", "N",
        "Address groups (/16) that the nodes are spread over; the first holds twice as many as the "
        "second, three times as many as the third ... (Zipf). Default: as many as nodes."},
    {"nat", "PERCENT", "Share of the nodes that can dial but not be dialed; default: 0."},
    {"dead", "N",
        "Addresses where nobody is, in the books of the seeds at first (with --seed-nodes 0: of "
        "the nodes); default: 0."},
    {"join", "DURATION", "Nodes are switched on at random times within this; default: 1m."},
    {"churn", "DURATION",
        "Mean time until a node that is on is switched off: half of them in good order, the "
        "others by a crash or without a word. Default: never."},
    {"downtime", "DURATION", "It comes back within this, with its book; default: 10m."},
    {"loss", "PERCENT", "Share of all dials that never get an answer; default: 0."},
    {"partitions", "DURATION",
        "Mean time between two partitions of the network into two halves, each for up to 10m. "
        "Default: never."},
    {"attackers", "N",
        "Sybil nodes beside the honest ones. They dial honest nodes, accept everybody and tell of "
        "each other alone. Default: 0."},
    {"attacker-groups", "N", "Address groups that they are spread over; default: 1."},
    {"attack-after", "DURATION", "When they begin; default: 0s, with the nodes."},
    {"jobs", "N",
        "Runs at a time, each in a process of its own: they change how long it takes, not what "
        "comes out. Default: as many as there are cores, and memory for 2 MiB a node."},
    {"json", NULL, "One JSON object for each policy in each run, a line each, as they end."},
    {"every", "DURATION",
        "In JSON also a series: the same figures after this, after twice this ..., each as if the "
        "run ended then."},
};

static int open_players(const struct flags *flags, struct contest *contest)
{
    static const char *const plain[] = {"default"};
    const char *const *names = flags->arguments_n > 0 ? flags->arguments : plain;
    size_t n = flags->arguments_n > 0 ? flags->arguments_n : 1;
    char cause[PLAYER_CAUSE_MAX];
    for (size_t i = 0; i < n; i++) {
        enum err err = player_open(&contest->players[contest->players_n++], names[i], cause);
        if (err == ERR_NOT_FOUND || err == ERR_FULL)
            return flags_misuse(flags->command, "%s", cause);
        if (err) {
            complain("luapex: error: %s", cause);
            return EXIT_FAILED;
        }
    }
    player_distinguish(contest->players, contest->players_n);
    return EXIT_OK;
}

static bool parse_every(const struct flags *flags, struct contest *contest)
{
    int64_t for_ms = contest->scenario.for_ms, every_ms = 0;
    if (!flags_duration(flags, "every", SECONDS_MS(1), for_ms, &every_ms))
        return false;
    contest->every_s = (every_ms + SECONDS_MS(1) - 1) / SECONDS_MS(1);
    if (every_ms > 0 && !contest->as_json)
        return !flags_misuse(flags->command, "--every goes with --json");
    return every_ms == 0 || for_ms / SECONDS_MS(contest->every_s) <= CONTEST_SAMPLES_MAX ||
        !flags_misuse(flags->command, "--every is less than a %dth of --for", CONTEST_SAMPLES_MAX);
}

static int sim(const struct flags *flags)
{
    static struct contest contest;
    contest = (struct contest){.runs = 5, .seed = 1, .as_json = flags_has(flags, "json")};
    if (!flags_integer(flags, "runs", 1, RUNS_MAX, &contest.runs) ||
        !flags_integer(flags, "seed", 0, INT64_MAX - RUNS_MAX, &contest.seed) ||
        !scenario_parse(flags, &contest.scenario) || !parse_every(flags, &contest))
        return EXIT_MISUSE;
    int64_t jobs = contest_jobs(&contest.scenario);
    if (!flags_integer(flags, "jobs", 1, WORKERS_MAX, &jobs))
        return EXIT_MISUSE;
    contest.jobs = (unsigned)jobs;
    int code = open_players(flags, &contest);
    if (code == EXIT_OK)
        code = contest_run(&contest, flags);
    for (size_t i = 0; i < contest.players_n; i++)
        player_close(&contest.players[i]);
    return code;
}

const struct command command_sim = {
    .name = "sim",
    .arguments = "[POLICY...]",
    .arguments_max = PLAYERS_MAX,
    .summary = "compare policies in whole networks on virtual time",
    .about =
        "Plays whole networks on virtual time: nodes as they run over real sockets, on a clock,\n"
        "distances and faults that are drawn from a number. Every policy plays in the same\n"
        "networks. A table shows what was measured, policies side by side. The same command line\n"
        "gives the same output, byte for byte.\n"
        "\n"
        "A policy is a file or the name of a built-in one (luapex policy show), with other values\n"
        "for its parameters behind it: diverse:max_per_group=2:draw=99. Without any: default.\n"
        "Calls are limited as in a node, but by instructions alone, not by time. What no policy "
        "may\n"
        "do is watched at every step, from outside; a node that does it ends the command.\n"
        "\n"
        "A core plays 40 to 150 hours of a node in a second; a node takes 1.5 to 2 MiB.\n",
    .flags = own_flags,
    .flags_n = sizeof own_flags / sizeof *own_flags,
    .more = figures_help,
    .run = sim,
};
