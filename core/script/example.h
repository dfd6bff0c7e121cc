/* Examples of a policy: `{ hook =, given =, expect = }`, run through the same path as live
 * questions. Private to core/script.
 *
 * Fields missing from `given` take the schema's defaults. Only what `expect` names is compared: a
 * number may also be given as { low, high }; without `expect` the call must merely succeed. */
#ifndef SCRIPT_EXAMPLE_H
#define SCRIPT_EXAMPLE_H

#include "script/vm.h"

/* Runs example i, from 0, of the loaded policy; on failure vm->error says which and why. */
enum script_outcome example_run(struct vm *vm, unsigned i);
/* Asks a hook that no example asks: with the schema's defaults, and one row of them in each list.
 * The call must merely succeed. */
enum script_outcome example_run_defaults(struct vm *vm, enum hook hook);

#endif
