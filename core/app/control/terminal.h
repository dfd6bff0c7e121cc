/* The terminal of a command that reads single keys (libuv's raw mode): restored when the program
 * ends by exit or by a fatal signal. One per process. */
#ifndef APP_TERMINAL_H
#define APP_TERMINAL_H

#define TERMINAL_LEAVE_MAX 64

/* From now on the end of the program takes the terminal out of raw mode and writes `leave`, at most
 * TERMINAL_LEAVE_MAX bytes; NULL: no more. */
void terminal_guard(const char *leave);

#endif
