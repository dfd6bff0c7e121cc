/* hostile BEHAVIOUR ID@IP:PORT NETWORK [option value]...
 * hostile list
 *
 * Clients that behave as named, on loopback only. Prints one JSON object when they are over:
 * how many began, and how they ended. With --pace-ms they stay and ask again and again, and each
 * answer is an object too: whose, when it was asked for and when it came by the monotonic clock,
 * and how many addresses it holds. `list` prints all behaviours, one object a line. */
#include "e2e/hostile/behaviours.h"
#include "e2e/hostile/crowd.h"

#include "uv/limits.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void misuse(const char *why)
{
    fprintf(stderr,
        "hostile: %s\n"
        "usage: hostile BEHAVIOUR ID@IP:PORT NETWORK [--at-once N] [--total N] [--seconds S]\n"
        "               [--honest N] [--every-us US] [--pace-ms MS] [--from IP] [--from-n N]\n"
        "       hostile list\n",
        why);
    exit(2);
}

static void list(void)
{
    for (size_t i = 0; i < behaviours_n; i++)
        printf("{\"name\":\"%s\",\"text\":\"%s\"}\n", behaviours[i].name, behaviours[i].text);
}

static uint64_t number(const char *text)
{
    char *end;
    unsigned long long n = strtoull(text, &end, 10);
    if (*text == 0 || *end != 0)
        misuse("not a number");
    return n;
}

static void take_option(struct crowd_plan *plan, const char *name, const char *value)
{
    if (strcmp(name, "--at-once") == 0)
        plan->at_once = (uint32_t)number(value);
    else if (strcmp(name, "--total") == 0)
        plan->total = number(value);
    else if (strcmp(name, "--seconds") == 0)
        plan->for_us = number(value) * 1000000;
    else if (strcmp(name, "--honest") == 0)
        plan->honest = number(value);
    else if (strcmp(name, "--every-us") == 0)
        plan->every_us = number(value);
    else if (strcmp(name, "--pace-ms") == 0)
        plan->pace_us = number(value) * 1000;
    else if (strcmp(name, "--from-n") == 0)
        plan->from_n = (uint32_t)number(value);
    else if (strcmp(name, "--from") != 0 || ip_parse(span_of_text(value), &plan->from) != ERR_OK)
        misuse("unknown option or bad IP");
}

static void print(const struct crowd_counts *counts)
{
    static const char *const names[] = {
        [END_SERVED] = "served",
        [END_CLOSED] = "closed",
        [END_RESET] = "reset",
        [END_REFUSED] = "refused",
        [END_LEFT] = "left",
    };
    printf("{\"begun\":%" PRIu64 ",\"failed\":%" PRIu64, counts->begun, counts->failed);
    for (size_t i = END_SERVED; i <= END_LEFT; i++)
        printf(",\"%s\":%" PRIu64, names[i], counts->ends[i]);
    printf(",\"addresses\":%" PRIu64 ",\"seconds\":%.6f}\n", counts->addresses,
        (double)counts->us / 1e6);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        list();
        return 0;
    }
    const char *why = "BEHAVIOUR, address or NETWORK is missing";
    struct addr to;
    if (argc < 4 || argc % 2 != 0 || addr_parse(span_of_text(argv[2]), &to, &why) != ERR_OK)
        misuse(why);
    struct crowd_plan plan = {
        .behaviour = behaviour_find(argv[1]),
        .to = to.at,
        .network = span_of_text(argv[3]),
        .from = ip_of_v4(0x7f420001),
        .from_n = 1,
        .at_once = 1,
        .for_us = 60000000,
    };
    for (int i = 4; i < argc; i += 2)
        take_option(&plan, argv[i], argv[i + 1]);
    if (!ip_is_v4(&plan.to.ip))
        plan.from = plan.to.ip;
    if (!plan.behaviour)
        misuse("unknown behaviour; see hostile list");
    if (!ip_is_local(&plan.to.ip) || plan.from_n == 0 || plan.at_once == 0)
        misuse("loopback only, at least one client from at least one address");
    struct crowd_counts counts;
    limits_raise();
    if (!crypto_init() || !crowd_run(&plan, &counts))
        misuse("no entropy or no memory");
    print(&counts);
    return 0;
}
