#include "app/text/duration.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1000000

static const struct unit {
    const char *name;
    int64_t ns;
} units[] = {{"ns", 1}, {"us", 1000}, {"\xc2\xb5s", 1000}, {"\xce\xbcs", 1000}, {"ms", NS_PER_MS},
    {"s", 1000 * (int64_t)NS_PER_MS}, {"m", 60000 * (int64_t)NS_PER_MS},
    {"h", 3600000 * (int64_t)NS_PER_MS}};

static const struct unit *unit_at(const char *text, size_t n)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strlen(units[i].name) == n && memcmp(units[i].name, text, n) == 0)
            return &units[i];
    return NULL;
}

/* A decimal number as whole / scale. */
struct decimal {
    int64_t whole, fraction, scale;
};

/* Reads digits, at most one dot among them; false without a digit or beyond 64 bits. Digits of the
 * fraction beyond the ninth are worth less than a nanosecond and only skipped. */
static bool decimal_take(const char **at, struct decimal *number)
{
    *number = (struct decimal){.scale = 1};
    bool has_digit = false;
    for (; isdigit((unsigned char)**at); (*at)++) {
        if (__builtin_mul_overflow(number->whole, 10, &number->whole) ||
            __builtin_add_overflow(number->whole, **at - '0', &number->whole))
            return false;
        has_digit = true;
    }
    if (**at != '.')
        return has_digit;
    for ((*at)++; isdigit((unsigned char)**at); (*at)++) {
        has_digit = true;
        if (number->scale < 1000000000) {
            number->fraction = number->fraction * 10 + (**at - '0');
            number->scale *= 10;
        }
    }
    return has_digit;
}

/* Adds one part such as "1.5h" to *ns. */
static bool part_take(const char **at, int64_t *ns, const char **why)
{
    struct decimal number;
    *why = "expected a number with a unit, such as \"30s\" or \"1h30m\"";
    if (!decimal_take(at, &number))
        return false;
    size_t n = strcspn(*at, ".0123456789");
    if (n == 0) {
        *why = "the unit is missing; write \"30s\" or \"1h30m\"";
        return false;
    }
    const struct unit *unit = unit_at(*at, n);
    if (!unit) {
        *why = "unknown unit; known are ns, us, ms, s, m and h";
        return false;
    }
    *at += n;
    *why = "longer than 292 years";
    int64_t whole_ns;
    int64_t fraction_ns =
        (int64_t)((double)number.fraction * (double)unit->ns / (double)number.scale);
    return !__builtin_mul_overflow(number.whole, unit->ns, &whole_ns) &&
        !__builtin_add_overflow(*ns, whole_ns, ns) && !__builtin_add_overflow(*ns, fraction_ns, ns);
}

bool duration_parse(const char *text, int64_t *ms, const char **why)
{
    const char *ignored;
    if (!why)
        why = &ignored;
    bool is_negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    int64_t ns = 0;
    bool is_zero = strcmp(text, "0") == 0;
    do {
        if (!is_zero && !part_take(&text, &ns, why))
            return false;
    } while (!is_zero && *text);
    int64_t sum = ns / NS_PER_MS + (ns % NS_PER_MS != 0);
    *ms = is_negative ? -sum : sum;
    return true;
}

char *duration_text(int64_t ms, char out[DURATION_TEXT_MAX])
{
    static const struct {
        int64_t ms;
        const char *name;
    } steps[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    int n = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        if (ms < steps[i].ms)
            continue;
        n += snprintf(out + n, DURATION_TEXT_MAX - (size_t)n, "%lld%s",
            (long long)(ms / steps[i].ms), steps[i].name);
        ms %= steps[i].ms;
    }
    if (n == 0)
        snprintf(out, DURATION_TEXT_MAX, "0s");
    return out;
}
