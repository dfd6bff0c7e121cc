/* Distances, addresses and names: what the network knows whatever runs on it. */
#ifndef SIM_NETWORK_H
#define SIM_NETWORK_H

#include "sim/state.h"

/* What a dial will meet. */
struct answer {
    struct machine *machine; /* it will be asked; NULL: nobody is there */
    int64_t one_way_ms;
    int64_t patience_ms; /* then the dial fails, unless the machine answers ... */
    enum err err;        /* ... with this */
};
struct answer network_dial(struct sim *sim, const struct machine *from, const struct endpoint *to);

/* Lists a machine under its address. */
void network_add(struct sim *sim, const struct machine *machine);
void network_init(struct sim *sim);
void network_free(struct sim *sim);
/* Writes what a name resolves to now and returns how many, at most RESOLVED_MAX. */
size_t network_resolve(const struct sim *sim, const char *host, struct ip *ips);

#endif
