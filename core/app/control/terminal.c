#include "app/control/terminal.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
#define FATAL_N (sizeof fatal / sizeof *fatal)

static char leave_text[TERMINAL_LEAVE_MAX];
static volatile sig_atomic_t leave_n;
static bool is_installed;
static struct sigaction before[FATAL_N]; /* sanitizers report in theirs */

/* Safe in a signal handler. */
static void restore(void)
{
    if (leave_n == 0)
        return;
    ssize_t written = write(STDOUT_FILENO, leave_text, (size_t)leave_n);
    (void)written;
    leave_n = 0;
    uv_tty_reset_mode();
}

static void on_fatal(int number)
{
    restore();
    for (size_t i = 0; i < FATAL_N; i++)
        if (fatal[i] == number)
            sigaction(number, &before[i], NULL);
    raise(number);
}

static void install(void)
{
    struct sigaction action = {.sa_handler = on_fatal};
    for (size_t i = 0; i < FATAL_N; i++)
        sigaction(fatal[i], &action, &before[i]);
    atexit(restore);
    is_installed = true;
}

void terminal_guard(const char *leave)
{
    leave_n = 0;
    if (!leave)
        return;
    size_t n = strlen(leave);
    if (n > TERMINAL_LEAVE_MAX)
        n = TERMINAL_LEAVE_MAX;
    memcpy(leave_text, leave, n);
    if (!is_installed)
        install();
    leave_n = (sig_atomic_t)n;
}
