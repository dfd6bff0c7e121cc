#include "book/image.h"
#include "node/state.h"

#define STORE_ROWS_MAX 4096 /* of one action: what is taken and copied within one step */
#define STORE_BACKOFF_MAX_MS MINUTES_MS(1)

/* ---- the store ---- */

static void take_rows(struct step *step, uint32_t max)
{
    struct node *node = step->node;
    struct book_changes rows;
    if (book_take_changes(node->book, max, &rows) != ERR_OK) {
        log_write(&node->settings.log, LOG_ERROR, "book not stored",
            LOG_TEXT("error", err_text(ERR_NO_MEMORY)));
        return;
    }
    node->save.store_revision = book_revision(node->book);
    node->save.store_count = book_count(node->book);
    node->save.storing = true;
    outbox_add(step->outbox, ACTION_STORE, 0)->store = rows;
}

/* Changes of a while go together; after a failure the next try waits longer each time. */
void save_after_step(struct step *step)
{
    struct node_save *save = &step->node->save;
    int64_t wait = step->node->settings.book_store_interval_ms;
    if (wait == 0 || !step->node->started || step->node->stopping || save->storing ||
        save->store_ms != NEVER_MS || !book_has_changes(step->node->book))
        return;
    wait = save->backoff_ms > wait ? save->backoff_ms : wait;
    save->store_ms = step->now.mono_ms + wait;
}

static void store(struct step *step)
{
    struct node_save *save = &step->node->save;
    save->store_ms = NEVER_MS;
    if (!save->storing && step->node->settings.book_store_interval_ms > 0)
        take_rows(step, STORE_ROWS_MAX);
}

static void store_failed(struct node *node, const struct event *event)
{
    struct node_save *save = &node->save;
    int64_t next = save->backoff_ms ? save->backoff_ms * 2 : SECONDS_MS(2);
    save->backoff_ms = next < STORE_BACKOFF_MAX_MS ? next : STORE_BACKOFF_MAX_MS;
    /* Of a transaction in several parts the earlier ones are gone too. */
    if (event->stored.err == ERR_CORRUPT || save->in_parts || !event->stored.rows)
        book_all_unsaved(node->book);
    else
        book_unsaved(node->book, event->stored.rows);
    save->in_parts = false;
}

/* Rows that were under way at stop are not among the last ones: once more, all that is missing. */
static void try_again_at_stop(struct step *step)
{
    struct node_save *save = &step->node->save;
    if (!step->node->stopping || save->tried_again)
        return;
    save->tried_again = true;
    take_rows(step, UINT32_MAX);
}

void save_stored(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    struct node_save *save = &node->save;
    const struct book_changes *rows = event->stored.rows;
    save->storing = false;
    if (event->stored.err) {
        store_failed(node, event);
        try_again_at_stop(step);
        return;
    }
    save->backoff_ms = 0;
    save->in_parts = rows && rows->more;
    if (save->in_parts && !node->stopping)
        take_rows(step, STORE_ROWS_MAX);
    if (!save->in_parts)
        log_write(&node->settings.log, LOG_DEBUG, "book stored",
            LOG_NUMBER("rows", rows ? rows->n : 0), LOG_NUMBER("revision", save->store_revision),
            LOG_NUMBER("addresses", save->store_count));
}

/* ---- the image ---- */

static void tell_left_out(struct node *node, uint32_t left_out)
{
    if (left_out != node->save.left_out)
        log_write(&node->settings.log, LOG_INFO, "addresses that do not fit the exported book",
            LOG_NUMBER("left_out", left_out), LOG_NUMBER("addresses", book_count(node->book)));
    node->save.left_out = left_out;
}

static void export(struct step *step)
{
    struct node *node = step->node;
    struct image_text image = {0};
    if (node->save.exporting)
        return;
    if (book_save(node->book, &image) != ERR_OK) {
        image_text_free(&image);
        log_write(&node->settings.log, LOG_ERROR, "book not exported",
            LOG_TEXT("error", err_text(ERR_NO_MEMORY)));
        return;
    }
    tell_left_out(node, image.left_out);
    struct action *action = outbox_add(step->outbox, ACTION_EXPORT, 0);
    action->export.image = image.at;
    action->export.n = image.n;
    node->save.exporting = true;
}

/* The host says what failed, and once. */
void save_exported(struct step *step, const struct event *event)
{
    struct node *node = step->node;
    node->save.exporting = false;
    if (!event->exported.err)
        log_write(&node->settings.log, LOG_INFO, "book saved",
            LOG_NUMBER("addresses", book_count(node->book)));
}

/* ---- when ---- */

void save_init(struct node *node)
{
    node->save.store_ms = node->save.export_ms = NEVER_MS;
}

void save_start(struct step *step)
{
    step->node->save.export_ms = step->now.mono_ms + step->node->settings.book_save_interval_ms;
}

void save_tick(struct step *step)
{
    struct node_save *save = &step->node->save;
    int64_t now = step->now.mono_ms, period = step->node->settings.book_save_interval_ms;
    if (save->store_ms <= now)
        store(step);
    if (save->export_ms <= now) {
        save->export_ms = node_next_tick(save->export_ms, period, now);
        export(step);
    }
}

int64_t save_deadline(const struct node *node)
{
    return earlier_ms(node->save.store_ms, node->save.export_ms);
}

void save_now(struct step *step)
{
    store(step);
    export(step);
}

/* The last rows and the last image replace nothing that is still being written: they follow it. */
void save_stop(struct step *step)
{
    step->node->save.exporting = false;
    if (step->node->settings.book_store_interval_ms > 0)
        take_rows(step, UINT32_MAX);
    export(step);
}
