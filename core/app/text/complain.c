#include "app/text/complain.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of the control character at `at`: C0, DEL, or C1 as UTF-8 has it; 0: it is none. */
static unsigned control_size(const unsigned char *at)
{
    if (*at < ' ' || *at == 0x7f)
        return 1;
    return *at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0 ? 2 : 0;
}

static void put(const char *text)
{
    unsigned escaped = 0;
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (escaped == 0)
            escaped = control_size(at);
        fprintf(stderr, escaped > 0 ? "\\x%02x" : "%c", *at);
        escaped -= escaped > 0;
    }
}

void complain_list(const char *format, va_list arguments)
{
    char *text;
    if (vasprintf(&text, format, arguments) < 0)
        return;
    put(text);
    free(text);
}

void complain_part(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain_list(format, arguments);
    va_end(arguments);
}

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain_list(format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
