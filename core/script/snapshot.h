/* A script as bytes, for traces: what its answers depend on, besides the questions. One read back
 * answers the same, with the same state, parameters and fallen hooks.
 *
 * The previous generation is in it as long as it may return on its own (L2), which then happens in
 * the one read back too. Not in it: what a script keeps in locals of its files; counters. */
#ifndef SCRIPT_SNAPSHOT_H
#define SCRIPT_SNAPSHOT_H

#include "base/codec.h"
#include "script/script.h"

/* Between two questions; now: Unix seconds, as in views. codec->err: ERR_SCRIPT when state cannot
 * be exported. */
void script_snapshot_write(struct codec *codec, struct script *script, double now);
/* Makes a script with the limits that were recorded; clock and log are those of `host`. Policies
 * are not tried on their examples, as they were when they were loaded. ERR_CORRUPT, ERR_NO_MEMORY,
 * or as script_load. */
enum err script_snapshot_read(struct codec *codec, const struct script_settings *host,
    struct script **script, struct script_error *error);
/* Gives a script the state and parameters of the one that was written, as far as it has the same
 * policies (script_import). */
enum err script_snapshot_carry(
    struct codec *codec, struct script *script, struct script_error *error);

#endif
