#include "uv/line.h"

#include "uv/tcp.h"

void line_join(struct line *line, struct tcp *tcp)
{
    line_leave(tcp);
    tcp->line = line;
    tcp->line_before = line->last;
    tcp->line_after = NULL;
    if (line->last)
        line->last->line_after = tcp;
    else
        line->first = tcp;
    line->last = tcp;
    line->n++;
}

void line_leave(struct tcp *tcp)
{
    struct line *line = tcp->line;
    if (!line)
        return;
    tcp->line = NULL;
    if (tcp->line_before)
        tcp->line_before->line_after = tcp->line_after;
    else
        line->first = tcp->line_after;
    if (tcp->line_after)
        tcp->line_after->line_before = tcp->line_before;
    else
        line->last = tcp->line_before;
    line->n--;
}
