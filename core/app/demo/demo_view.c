#include "app/demo/demo_view.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_MIN 60
#define COLUMNS_MAX 140
#define EVENT_COLUMN 66 /* where the last column begins */
#define TROUBLE_LINES 3 /* at most */

static unsigned columns(FILE *out)
{
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_MIN)
        return COLUMNS_MIN;
    return size.ws_col > COLUMNS_MAX ? COLUMNS_MAX : size.ws_col;
}

static bool fits(FILE *out, unsigned lines)
{
    struct winsize size;
    return ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_row > lines;
}

void demo_view_open(struct demo_view *view, const struct demo_cast *cast, FILE *out)
{
    *view = (struct demo_view){.out = out};
    view->is_table = isatty(fileno(out)) && fits(out, cast->n + 2 + TROUBLE_LINES);
}

static void write_rtt(char out[16], int32_t rtt_ms)
{
    if (rtt_ms < 0)
        snprintf(out, 16, "-");
    else
        snprintf(out, 16, "%d ms", rtt_ms);
}

static void draw_node(FILE *out, const struct demo_node *node, unsigned width)
{
    struct demo_look look = demo_node_look(node);
    struct endpoint at = runner_endpoint(&node->runner);
    char address[ADDR_TEXT_MAX], rtt[16], line[COLUMNS_MAX + 128];
    write_rtt(rtt, look.rtt_ms);
    snprintf(line, sizeof line, "%-8s %-18s %4u ms %4u %4u %4u %6u %7s  %.*s", node->name,
        endpoint_to_text(&at, address), (unsigned)node->delay_ms, look.counts.outbound,
        look.counts.inbound, look.counts.dialing, look.known, rtt, COLUMNS_MAX, node->last_event);
    if (strlen(line) >= width)
        line[width - 2] = '~'; /* as in luapex ctl top: more follows */
    fprintf(out, "\r%.*s\x1b[K\n", (int)width - 1, line);
}

/* Why the policy on disk is not the one in force. Returns how many lines that took. */
static unsigned draw_trouble(FILE *out, const struct demo_cast *cast, unsigned width)
{
    char text[RUNNER_WHY_MAX + 64];
    if (!*cast->trouble)
        return 0;
    size_t n = (size_t)snprintf(text, sizeof text, "policy %s, the one before decides: %s",
        cast->is_taken_back ? "taken back" : "not loaded", cast->trouble);
    unsigned lines = 0;
    for (size_t at = 0; at < n && lines < TROUBLE_LINES; at += width - 1, lines++)
        fprintf(out, "\r%.*s\x1b[K\n", (int)width - 1, text + at);
    return lines;
}

void demo_view_draw(struct demo_view *view, const struct demo_cast *cast)
{
    if (!view->is_table)
        return;
    FILE *out = view->out;
    unsigned width = columns(out);
    if (view->lines > 0)
        fprintf(out, "\x1b[%uA", view->lines);
    fprintf(out, "\r%-8s %-18s %7s %4s %4s %4s %6s %7s  %.*s\x1b[K\n", "node", "address", "delay",
        "out", "in", "dial", "book", "rtt", width > EVENT_COLUMN ? (int)(width - EVENT_COLUMN) : 0,
        "last event");
    for (unsigned i = 0; i < cast->n; i++)
        draw_node(out, &cast->nodes[i], width);
    fprintf(out,
        "\r%.1f s   policy loaded again %u times, refused %u times, taken back %u times\x1b[K\n",
        (double)demo_cast_age_ms(cast) / 1000, cast->policy_loads, cast->policy_errors,
        cast->policy_takebacks);
    view->lines = cast->n + 2 + draw_trouble(out, cast, width);
    fputs("\x1b[J", out); /* what more lines there were */
    fflush(out);
}

void demo_view_tell(
    struct demo_view *view, const struct demo_cast *cast, const char *who, const char *event)
{
    if (view->is_table || !view->out)
        return;
    fprintf(view->out, "%7.2f s  %-8s %s\n", (double)demo_cast_age_ms(cast) / 1000, who, event);
    fflush(view->out);
}
