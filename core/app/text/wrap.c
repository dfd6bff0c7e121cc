#include "app/text/wrap.h"

#include <string.h>

void wrap_write(FILE *out, const char *first, const char *other, const char *text)
{
    fputs(first, out);
    size_t column = strlen(first);
    size_t empty = column; /* where the words of this line begin */
    for (;;) {
        text += strspn(text, " ");
        size_t n = strcspn(text, " ");
        if (n == 0)
            break;
        if (column > empty && column + 1 + n > WRAP_COLUMNS) {
            fprintf(out, "\n%s", other);
            column = empty = strlen(other);
        }
        column += (size_t)fprintf(out, "%s%.*s", column > empty ? " " : "", (int)n, text);
        text += n;
    }
    fputc('\n', out);
}
