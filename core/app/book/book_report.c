#include "app/book/book_report.h"

#include <stdio.h>

static void write_count(uint32_t n, const char *what)
{
    if (n > 0)
        printf("  %7u  %s\n", n, what);
}

void book_report_write(const char *path, const struct book_load_report *report)
{
    printf("%s: %u of %u addresses taken", path, report->kept, report->listed);
    if (report->bans_listed > 0)
        printf(", %u of %u bans", report->bans_kept, report->bans_listed);
    putchar('\n');
    write_count(report->replaced, "mended: placed anew, their buckets were unusable");
    write_count(report->demoted, "mended: old in the file, new for want of room");
    if (report->key_replaced)
        puts("           mended: a new placement key, the file's was unusable");
    write_count(report->bad_shape, "left out: malformed");
    write_count(report->bad_id, "left out: not an ID of 40 lower-case hex digits");
    write_count(report->bad_address, "left out: not a valid IP and port");
    write_count(report->non_routable, "left out: not routable (p2p.addr_book_strict)");
    write_count(report->duplicate, "left out: known already, or twice in the file");
    write_count(report->excluded, "left out: banned, private or our own");
    write_count(report->no_room, "left out: their buckets are full");
    write_count(report->too_many, "left out: more than one file may hold");
}
