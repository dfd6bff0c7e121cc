#include "app/text/report_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *in_ascii(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        return NULL;
    for (char *at = copy; *at; at++)
        if ((unsigned char)*at >= 0x80)
            *at = '?';
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

json_t *report_text(const char *text)
{
    json_t *json = json_string(text);
    return json ? json : in_ascii(text);
}

json_t *report_text_or_null(const char *text)
{
    return text && *text ? report_text(text) : json_null();
}

void report_print(json_t *json)
{
    json_dumpf(json, stdout, 0);
    putchar('\n');
    json_decref(json);
}
