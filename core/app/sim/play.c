#include "app/sim/play.h"

#include "app/sim/measure.h"
#include <stdio.h>
#include <string.h>

/* The first failure of the policy; `why` is empty until then. */
static void note_failure(void *context, const struct log_line *line)
{
    char *why = context;
    struct script_error error = {0};
    if (*why)
        return;
    for (unsigned i = 0; i < line->fields_n; i++) {
        const struct log_field *field = &line->fields[i];
        if (strcmp(field->key, "file") == 0)
            snprintf(error.file, sizeof error.file, "%s", field->text);
        else if (strcmp(field->key, "line") == 0)
            error.line = (int)field->number;
        else if (strcmp(field->key, "hook") == 0)
            snprintf(error.hook, sizeof error.hook, "%s", field->text);
        else if (strcmp(field->key, "error") == 0)
            snprintf(error.message, sizeof error.message, "%s", field->text);
    }
    char text[SCRIPT_ERROR_TEXT_MAX];
    snprintf(why, PLAY_WHY_MAX, "%s", script_error_text(&error, text));
}

static void sample(const struct series *series, const struct measure *measure, int64_t at_s)
{
    if (series->n > 0 && at_s % series->every_s == 0)
        series->at[at_s / series->every_s - 1] = measure_end(measure);
}

static enum play_end run_through(
    const struct play *play, struct stage *stage, struct measure *measure, struct outcome *outcome)
{
    for (int64_t ms = SECONDS_MS(1); ms <= play->scenario->for_ms; ms += SECONDS_MS(1)) {
        sim_run_until(stage->sim, ms);
        measure_second(measure);
        if (watch_broken(stage->watch)) {
            snprintf(outcome->why, sizeof outcome->why, "%s", watch_broken(stage->watch));
            return PLAY_BROKEN;
        }
        sample(&play->series, measure, ms / SECONDS_MS(1));
        *play->done_ms = ms;
    }
    outcome->figures = measure_end(measure);
    outcome->log_hash = sim_log_hash(stage->sim);
    outcome->counts = sim_counts(stage->sim);
    outcome->errors = stage_errors(stage);
    return PLAY_DONE;
}

enum play_end play_run(const struct play *play, struct outcome *outcome)
{
    struct stage stage;
    struct measure measure;
    struct script_error error;
    enum play_end end = PLAY_REFUSED;
    *outcome = (struct outcome){0};
    struct lua_rules rules = play->player->rules;
    rules.log = (struct log){.level = LOG_ERROR, .write = note_failure, .context = outcome->why};
    if (stage_open(&stage, play->scenario, &rules, play->seed, &error) == ERR_OK) {
        measure_open(&measure, &stage);
        end = run_through(play, &stage, &measure, outcome);
        measure_close(&measure);
    } else {
        script_error_text(&error, outcome->why);
    }
    stage_close(&stage);
    return end;
}
