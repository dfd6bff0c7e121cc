/* Text in lines for people. */
#ifndef APP_WRAP_H
#define APP_WRAP_H

#include <stdio.h>

#define WRAP_COLUMNS 98

/* Writes the words of text in lines of at most WRAP_COLUMNS, the first behind `first` and all
 * others behind `other`. A word that is longer has a line of its own. */
void wrap_write(FILE *out, const char *first, const char *other, const char *text);

#endif
