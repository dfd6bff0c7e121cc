#include "app/sim/scenario.h"

#include "base/now.h"
#include <string.h>

#define DEFAULT_OUTBOUND 10
#define DEAD_MAX 2000
#define LONG_MS HOURS_MS(24 * 30)
#define SEEDS "seeds"

/* The flags that are a number or a duration by themselves. */
static const struct knob {
    const char *name, *json;
    size_t offset;
    int64_t min, max;
    bool is_duration;
} knobs[] = {
#define AT(field) offsetof(struct scenario, field)
    {"nodes", "nodes", AT(nodes), 2, SCENARIO_NODES_MAX, false},
    {"seed-nodes", "seed_nodes", AT(seed_nodes), 0, SCENARIO_SEEDS_MAX, false},
    {"inbound", "inbound", AT(inbound), 1, SCENARIO_NODES_MAX, false},
    {"nat", "nat_percent", AT(nat_percent), 0, 100, false},
    {"dead", "dead", AT(dead), 0, DEAD_MAX, false},
    {"for", "for_s", AT(for_ms), MINUTES_MS(1), LONG_MS, true},
    {"join", "join_s", AT(join_ms), 0, LONG_MS, true},
    {"churn", "churn_s", AT(churn_ms), MINUTES_MS(1), LONG_MS, true},
    {"downtime", "downtime_s", AT(downtime_ms), SECONDS_MS(1), LONG_MS, true},
    {"loss", "loss_percent", AT(loss_percent), 0, 100, false},
    {"partitions", "partitions_s", AT(partitions_ms), MINUTES_MS(1), LONG_MS, true},
    {"attackers", "attackers", AT(attackers), 0, SCENARIO_NODES_MAX, false},
    {"attacker-groups", "attacker_groups", AT(attacker_groups), 1, SCENARIO_ATTACKER_GROUPS_MAX,
        false},
    {"attack-after", "attack_after_s", AT(attack_after_ms), 0, LONG_MS, true},
#undef AT
};
#define KNOBS_N (sizeof knobs / sizeof *knobs)

static bool parse_knob(const struct flags *flags, const struct knob *knob, int64_t *value)
{
    return knob->is_duration ? flags_duration(flags, knob->name, knob->min, knob->max, value)
                             : flags_integer(flags, knob->name, knob->min, knob->max, value);
}

static bool parse_subjects(const struct flags *flags, struct scenario *scenario)
{
    const char *text = flags_value(flags, "subjects");
    scenario->subjects = scenario->nodes;
    scenario->subjects_are_seeds = text && strcmp(text, SEEDS) == 0;
    if (!scenario->subjects_are_seeds)
        return flags_integer(flags, "subjects", 1, scenario->nodes, &scenario->subjects);
    scenario->subjects = scenario->seed_nodes;
    return scenario->seed_nodes > 0 ||
        !flags_misuse(flags->command, "--subjects " SEEDS " needs --seed-nodes of 1 or more");
}

/* What is bounded by the number of nodes. */
static bool parse_shares(const struct flags *flags, struct scenario *scenario)
{
    int64_t few = scenario->nodes / 4;
    scenario->outbound = few > DEFAULT_OUTBOUND ? DEFAULT_OUTBOUND : few > 1 ? few : 1;
    scenario->groups = scenario->nodes;
    return flags_integer(flags, "outbound", 1, scenario->nodes - 1, &scenario->outbound) &&
        flags_integer(flags, "groups", 1, scenario->nodes, &scenario->groups) &&
        parse_subjects(flags, scenario);
}

/* A flag that says nothing without another. */
static bool goes_with(const struct flags *flags, const char *name, const char *other)
{
    return !flags_has(flags, name) || flags_has(flags, other) ||
        !flags_misuse(flags->command, "--%s goes with --%s", name, other);
}

static bool is_in_time(const struct flags *flags, const char *name, int64_t ms, int64_t for_ms)
{
    return ms <= for_ms || !flags_misuse(flags->command, "--%s is longer than --for", name);
}

bool scenario_parse(const struct flags *flags, struct scenario *scenario)
{
    *scenario = (struct scenario){
        .nodes = 100,
        .seed_nodes = 1,
        .inbound = 40,
        .join_ms = MINUTES_MS(1),
        .for_ms = HOURS_MS(6),
        .attacker_groups = 1,
        .downtime_ms = MINUTES_MS(10),
    };
    for (size_t i = 0; i < KNOBS_N; i++)
        if (!parse_knob(flags, &knobs[i], (int64_t *)((char *)scenario + knobs[i].offset)))
            return false;
    return parse_shares(flags, scenario) && goes_with(flags, "attacker-groups", "attackers") &&
        goes_with(flags, "attack-after", "attackers") && goes_with(flags, "downtime", "churn") &&
        is_in_time(flags, "join", scenario->join_ms, scenario->for_ms) &&
        is_in_time(flags, "attack-after", scenario->attack_after_ms, scenario->for_ms);
}

void scenario_json(const struct scenario *scenario, json_t *object)
{
    for (size_t i = 0; i < KNOBS_N; i++) {
        int64_t value = *(const int64_t *)((const char *)scenario + knobs[i].offset);
        json_object_set_new(object, knobs[i].json,
            knobs[i].is_duration ? json_real((double)value / 1000) : json_integer(value));
    }
    json_object_set_new(object, "outbound", json_integer(scenario->outbound));
    json_object_set_new(object, "groups", json_integer(scenario->groups));
    json_object_set_new(object, "subjects",
        scenario->subjects_are_seeds ? json_string(SEEDS) : json_integer(scenario->subjects));
}
