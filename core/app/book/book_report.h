/* What became of an address book's file, for people. */
#ifndef APP_BOOK_REPORT_H
#define APP_BOOK_REPORT_H

#include "book/image.h"

/* To standard output: how many addresses and bans were taken, mended and left out, and why. */
void book_report_write(const char *path, const struct book_load_report *report);

#endif
