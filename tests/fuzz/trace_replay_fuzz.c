/* Whatever is in a trace: replay ends, with an error or a difference or well, and says so in its
 * report. The input is records without their frames - kind, length (3 bytes), body - so that length
 * and check are always right and what is behind them is reached; it is also read as it is. */
#include <stdlib.h>

#include "trace/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void require(bool truth)
{
    if (!truth)
        abort();
}

static void replay(struct span bytes)
{
    const struct replay_settings settings = {.log = {.level = LOG_NONE}, .wishes = UINT32_MAX};
    struct replay_report report;
    enum err err = replay_run(trace_source_of(bytes), &settings, &report);
    require(err == ERR_OK || err == ERR_INVALID || err == ERR_TRUNCATED || err == ERR_CORRUPT ||
        err == ERR_NOT_FOUND || err == ERR_NO_MEMORY);
    require(err || report.segments > 0);
    require(report.at <= bytes.n);
    require(!report.difference || (report.segments > 0 && report.segment > 0));
    require(!report.is_whole || (!err && !report.difference) || report.segments == 0);
    replay_report_free(&report);
}

static void frame(struct codec *codec, struct span rest)
{
    while (rest.n >= 4) {
        const uint8_t *head = span_take(&rest, 4).at;
        size_t n = head[1] | (size_t)head[2] << 8 | (size_t)head[3] << 16;
        struct span body = span_take(&rest, n < rest.n ? n : rest.n);
        size_t begun = trace_begin(codec, (enum trace_kind)head[0]);
        code_bytes(codec, (void *)body.at, body.n);
        trace_end(codec, begun);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct codec codec = codec_writer();
    trace_write_header(&codec, "fuzz");
    frame(&codec, span_of(data, n));
    require(!codec.err);
    replay(codec_written(&codec));
    replay(span_of(data, n));
    codec_free(&codec);
    return 0;
}
