/* A policy as a trace holds it: refused, or read; and then what is written of it is read as the
 * same. The input is the snapshot without its limits, which are small here. */
#include "script/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define INSTRUCTIONS 50000
#define MEMORY (4 << 20)
#define NOW_S 1.7e9

static struct script *read_script(struct span bytes)
{
    struct script_settings settings = script_settings_default();
    struct script_error error;
    struct script *script;
    struct codec codec = codec_reader(bytes);
    settings.clock_ns = script_still_clock;
    settings.log = (struct log){.level = LOG_NONE};
    return script_snapshot_read(&codec, &settings, &script, &error) == ERR_OK ? script : NULL;
}

static void check_written(struct script *script)
{
    struct codec first = codec_writer(), second = codec_writer();
    script_snapshot_write(&first, script, NOW_S);
    if (!first.err) { /* a policy may leave a state that cannot be exported */
        struct script *again = read_script(codec_written(&first));
        assert(again);
        script_snapshot_write(&second, again, NOW_S);
        assert(!second.err && second.n == first.n && memcmp(first.out, second.out, first.n) == 0);
        script_free(again);
    }
    codec_free(&first);
    codec_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct codec bytes = codec_writer();
    uint64_t instructions = INSTRUCTIONS, memory = MEMORY;
    code_u64(&bytes, &instructions);
    code_u64(&bytes, &memory);
    code_bytes(&bytes, (void *)data, size);
    struct script *script = read_script(codec_written(&bytes));
    if (script)
        check_written(script);
    script_free(script);
    codec_free(&bytes);
    return 0;
}
