#include "app/sim/report.h"

#include "app/sim/spread.h"
#include "app/text/duration.h"
#include "app/text/report_json.h"
#include "sim/need.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS 80
#define LABEL_COLUMNS 28
#define GAP 2
#define NUMBER_MAX 24
#define CELL_MAX 80
#define PRECISION 9 /* digits of a number in JSON */

/* ---- for programs ---- */

static json_t *number_json(double number)
{
    return isfinite(number) ? json_real(number) : json_null();
}

static json_t *figures_json(const struct figures *figures)
{
    json_t *object = json_object();
    for (size_t i = 0; i < FIGURES; i++)
        json_object_set_new(object, figure_kinds[i].name, number_json(figures->of[i]));
    return object;
}

static json_t *series_json(const struct series *series)
{
    json_t *list = json_array();
    for (size_t i = 0; i < series->n; i++)
        json_array_append_new(list,
            json_pack("{s:I, s:o}", "at_s", (json_int_t)((int64_t)(i + 1) * series->every_s),
                "figures", figures_json(&series->at[i])));
    return list;
}

void report_result(const struct scenario *scenario, const struct player *player,
    const struct result *result, const struct series *series)
{
    const struct outcome *outcome = &result->outcome;
    char hash[17];
    snprintf(hash, sizeof hash, "%016" PRIx64, outcome->log_hash);
    json_t *played = json_object();
    scenario_json(scenario, played);
    json_t *json = json_pack("{s:o, s:s, s:I, s:I, s:o, s:o, s:I, s:o, s:I, s:I, s:s}", "policy",
        report_text(player->spelled), "policy_hash", player->hash, "run", (json_int_t)result->run,
        "seed", (json_int_t)result->seed, "scenario", played, "figures",
        figures_json(&outcome->figures), "policy_errors", (json_int_t)outcome->errors,
        "policy_error", report_text_or_null(outcome->why), "steps",
        (json_int_t)outcome->counts.steps, "messages", (json_int_t)outcome->counts.messages,
        "log_hash", hash);
    if (series->n > 0)
        json_object_set_new(json, "series", series_json(series));
    json_dumpf(need(json), stdout, JSON_REAL_PRECISION(PRECISION));
    putchar('\n');
    json_decref(json);
}

/* ---- cells ---- */

static void write_number(char text[NUMBER_MAX], double number, int decimals)
{
    if (isnan(number))
        snprintf(text, NUMBER_MAX, "-");
    else if (isinf(number))
        snprintf(text, NUMBER_MAX, "never");
    else
        snprintf(text, NUMBER_MAX, "%.*f", decimals, number);
}

/* Medians of whole numbers may lie between two of them. */
static int decimals_of(const struct spread *spread, int decimals)
{
    bool is_half = isfinite(spread->median) && fmod(2 * spread->median, 2) == 1;
    return decimals == 0 && is_half ? 1 : decimals;
}

/* "12.4 (11.8-13.9)", or one number if all runs have the same. */
static void write_cell(
    char cell[CELL_MAX], const struct table *table, size_t player, enum figure figure)
{
    double *values = need(calloc(table->runs, sizeof *values));
    for (size_t run = 0; run < table->runs; run++)
        values[run] = table->results[run * table->players_n + player].outcome.figures.of[figure];
    struct spread spread = spread_of(values, table->runs);
    char median[NUMBER_MAX], low[NUMBER_MAX], high[NUMBER_MAX];
    int decimals = decimals_of(&spread, figure_kinds[figure].decimals);
    write_number(median, spread.median, decimals);
    write_number(low, spread.low, figure_kinds[figure].decimals);
    write_number(high, spread.high, figure_kinds[figure].decimals);
    if (strcmp(low, high) == 0)
        snprintf(cell, CELL_MAX, "%s", median);
    else
        snprintf(cell, CELL_MAX, "%s (%s-%s)", median, low, high);
    free(values);
}

static bool is_shown(const struct table *table, enum figure figure)
{
    return !figure_kinds[figure].matters || figure_kinds[figure].matters(table->scenario);
}

static size_t width_of(const struct table *table, size_t player)
{
    size_t width = strlen(table->players[player].title);
    for (enum figure figure = 0; figure < FIGURES; figure++) {
        char cell[CELL_MAX];
        if (!is_shown(table, figure))
            continue;
        write_cell(cell, table, player, figure);
        if (strlen(cell) > width)
            width = strlen(cell);
    }
    return width + GAP;
}

/* ---- the table ---- */

/* Players first .. last - 1 beside each other. */
struct block {
    const struct table *table;
    size_t first, last;
    int widths[PLAYERS_MAX];
};

static void print_line(const struct block *block, enum figure figure)
{
    char cell[CELL_MAX];
    if (figure_kinds[figure].heading)
        printf("%s\n", figure_kinds[figure].heading);
    printf("  %-*s", LABEL_COLUMNS - 2, figure_kinds[figure].label);
    for (size_t i = block->first; i < block->last; i++) {
        write_cell(cell, block->table, i, figure);
        printf("%*s", block->widths[i - block->first], cell);
    }
    putchar('\n');
}

static void print_block(const struct block *block)
{
    printf("\n%*s", LABEL_COLUMNS, "");
    for (size_t i = block->first; i < block->last; i++)
        printf("%*s", block->widths[i - block->first], block->table->players[i].title);
    putchar('\n');
    for (enum figure figure = 0; figure < FIGURES; figure++)
        if (is_shown(block->table, figure))
            print_line(block, figure);
}

/* As many players as fit, at least one. */
static struct block block_from(const struct table *table, size_t first)
{
    struct block block = {.table = table, .first = first, .last = first};
    for (size_t used = LABEL_COLUMNS; block.last < table->players_n; block.last++) {
        size_t width = width_of(table, block.last);
        used += width;
        if (used > COLUMNS && block.last > first)
            break;
        block.widths[block.last - first] = (int)width;
    }
    return block;
}

static void print_title(const struct table *table)
{
    const struct scenario *scenario = table->scenario;
    uint64_t first = table->results[0].seed;
    uint64_t last = table->results[(table->runs - 1) * table->players_n].seed;
    char span[DURATION_TEXT_MAX];
    printf("%" PRId64 " nodes, %" PRId64 " %s, ", scenario->nodes, scenario->seed_nodes,
        scenario->seed_nodes == 1 ? "seed" : "seeds");
    if (scenario->attackers > 0)
        printf("%" PRId64 " %s, ", scenario->attackers,
            scenario->attackers == 1 ? "attacker" : "attackers");
    printf("%s; ", duration_text(scenario->for_ms, span));
    if (table->runs == 1)
        printf("one network, number %" PRIu64 "\n", first);
    else
        printf("median (lowest-highest) of networks %" PRIu64 " to %" PRIu64 "\n", first, last);
}

void report_table(const struct table *table)
{
    print_title(table);
    for (size_t first = 0; first < table->players_n;) {
        struct block block = block_from(table, first);
        print_block(&block);
        first = block.last;
    }
}
