/* What goes wrong, told to people on standard error. Texts of the command line and of files may
 * hold what steers a terminal: control characters are shown as \xNN, line breaks too. */
#ifndef APP_COMPLAIN_H
#define APP_COMPLAIN_H

#include <stdarg.h>

/* A line. */
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
/* A part of one that `complain` ends. */
__attribute__((format(printf, 1, 2))) void complain_part(const char *format, ...);
void complain_list(const char *format, va_list arguments); /* the same */

#endif
