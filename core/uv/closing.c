#include "uv/closing.h"

#include "uv/tcp.h"

struct tcp *closing_surplus(const struct closing *closing)
{
    return closing->n < CLOSING_MAX ? NULL : closing->first;
}

void closing_add(struct closing *closing, struct tcp *tcp)
{
    tcp->closing = true;
    tcp->closing_before = closing->last;
    tcp->closing_after = NULL;
    if (closing->last)
        closing->last->closing_after = tcp;
    else
        closing->first = tcp;
    closing->last = tcp;
    closing->n++;
}

void closing_remove(struct closing *closing, struct tcp *tcp)
{
    if (!tcp->closing)
        return;
    tcp->closing = false;
    if (tcp->closing_before)
        tcp->closing_before->closing_after = tcp->closing_after;
    else
        closing->first = tcp->closing_after;
    if (tcp->closing_after)
        tcp->closing_after->closing_before = tcp->closing_before;
    else
        closing->last = tcp->closing_before;
    closing->n--;
}
