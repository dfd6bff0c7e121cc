#include "book/rfc3339.h"

#define DAY_S 86400
#define ERA_DAYS 146097     /* 400 years, after which the calendar repeats */
#define DAYS_TO_1970 719468 /* from 0000-03-01 */

/* Years are counted from March, so that the leap day comes last. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    year -= month <= 2;
    int64_t era = year / 400, year_of_era = year % 400;
    int64_t day_of_year = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - DAYS_TO_1970;
}

struct date {
    unsigned year, month, day;
};

static struct date date_of(int64_t days)
{
    days += DAYS_TO_1970;
    int64_t era = days / ERA_DAYS, day = days % ERA_DAYS;
    int64_t year = (day - day / 1460 + day / 36524 - day / (ERA_DAYS - 1)) / 365;
    int64_t day_of_year = day - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * day_of_year + 2) / 153;
    int64_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    return (struct date){
        .year = (unsigned)(era * 400 + year + (month <= 2)),
        .month = (unsigned)month,
        .day = (unsigned)(day_of_year - (153 * from_march + 2) / 5 + 1),
    };
}

static char *put_digits(char *at, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0; value /= 10)
        at[i] = (char)('0' + value % 10);
    return at + digits;
}

static char *put_fraction(char *at, unsigned ms)
{
    if (ms == 0)
        return at;
    *at++ = '.';
    at = put_digits(at, ms, 3);
    while (at[-1] == '0')
        at--;
    return at;
}

char *rfc3339_text(int64_t wall_ms, char out[RFC3339_MAX])
{
    struct date date = {1, 1, 1};
    unsigned second = 0, ms = 0;
    if (wall_ms > 0 && wall_ms <= RFC3339_LATEST_MS) {
        date = date_of(wall_ms / 1000 / DAY_S);
        second = (unsigned)(wall_ms / 1000 % DAY_S);
        ms = (unsigned)(wall_ms % 1000);
    }
    char *at = put_digits(out, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    at = put_digits(at, date.day, 2);
    *at++ = 'T';
    at = put_digits(at, second / 3600, 2);
    *at++ = ':';
    at = put_digits(at, second / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, second % 60, 2);
    at = put_fraction(at, ms);
    memcpy(at, "Z", 2);
    return out;
}

/* Reads exactly `digits` digits and, unless it is 0, the byte after them. */
static bool take_digits(struct span *in, unsigned digits, char after, unsigned *value)
{
    unsigned sum = 0;
    if (in->n < digits + (after != 0))
        return false;
    for (unsigned i = 0; i < digits; i++) {
        if (in->at[i] < '0' || in->at[i] > '9')
            return false;
        sum = sum * 10 + (unsigned)(in->at[i] - '0');
    }
    if (after != 0 && in->at[digits] != (uint8_t)after)
        return false;
    span_take(in, digits + (after != 0));
    *value = sum;
    return true;
}

static bool take_fraction(struct span *in, unsigned *ms)
{
    unsigned digits = 0, unit = 100;
    *ms = 0;
    if (in->n == 0 || in->at[0] != '.')
        return true;
    span_take(in, 1);
    for (unsigned digit; digits < 9 && take_digits(in, 1, 0, &digit); digits++, unit /= 10)
        *ms += digit * unit;
    return digits > 0;
}

static bool take_offset(struct span *in, int64_t *offset_s)
{
    unsigned hours, minutes;
    if (in->n == 0)
        return false;
    char sign = (char)*span_take(in, 1).at;
    *offset_s = 0;
    if (sign == 'Z')
        return true;
    if ((sign != '+' && sign != '-') || !take_digits(in, 2, ':', &hours) ||
        !take_digits(in, 2, 0, &minutes) || hours > 23 || minutes > 59)
        return false;
    *offset_s = ((int64_t)hours * 60 + minutes) * (sign == '-' ? -60 : 60);
    return true;
}

static bool is_date(unsigned year, unsigned month, unsigned day)
{
    if (month < 1 || month > 12 || day < 1)
        return false;
    int64_t next = month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
    return day <= next - days_of(year, month, 1);
}

bool rfc3339_parse(struct span text, int64_t *wall_ms)
{
    unsigned year, month, day, hour, minute, second, ms;
    int64_t offset_s;
    bool read = take_digits(&text, 4, '-', &year) && take_digits(&text, 2, '-', &month) &&
        take_digits(&text, 2, 'T', &day) && take_digits(&text, 2, ':', &hour) &&
        take_digits(&text, 2, ':', &minute) && take_digits(&text, 2, 0, &second) &&
        take_fraction(&text, &ms) && take_offset(&text, &offset_s);
    if (!read || text.n > 0 || !is_date(year, month, day) || hour > 23 || minute > 59 ||
        second > 59)
        return false;
    int64_t day_s = ((int64_t)hour * 60 + minute) * 60 + second;
    int64_t total_ms = (days_of(year, month, day) * DAY_S + day_s - offset_s) * 1000 + ms;
    *wall_ms = total_ms > 0 ? total_ms : 0;
    return true;
}
