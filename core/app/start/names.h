/* Host names among the listen addresses of homes (p2p.laddr, p2p.external_address, the metrics'
 * address), looked up before anything starts: all at once, and for a bounded time, so that a
 * resolver that does not answer delays a start and never hangs it. */
#ifndef APP_NAMES_H
#define APP_NAMES_H

#include "app/run/member.h"

#define NAMES_WAIT_MS 10000 /* two tries of glibc's resolver at one server */

struct names;

/* Writes what is found into the members' settings: those addresses are literals then. The log of
 * each member tells what is waited for, and what was not found and why. NULL: there are no names,
 * or no memory to look them up. */
struct names *names_look_up(struct member *members, size_t n);
/* False: a look-up still runs, on a thread that the end of the process would wait for; its memory
 * is left to it. NULL is fine. */
bool names_end(struct names *names);

#endif
