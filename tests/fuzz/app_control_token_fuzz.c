/* The file of the control socket's token: a token is printable, of its length and what the file
 * begins with; what is refused has a cause that repeats nothing of it. Input: the file. */
#include "app/control/control_token.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOLD "one line of 32 to 256 printable characters"

static char path[] = "/tmp/luapex-token-fuzz-XXXXXX";

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void remove_file(void)
{
    unlink(path);
}

static void write_file(const uint8_t *bytes, size_t n)
{
    static int fd = -1;
    if (fd < 0) {
        fd = mkstemp(path);
        atexit(remove_file);
    }
    require(ftruncate(fd, 0) == 0 && pwrite(fd, bytes, n, 0) == (ssize_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char token[CONTROL_TOKEN_MAX + 1] = "untouched", cause[CONTROL_TOKEN_CAUSE_MAX] = "";
    write_file(bytes, n);
    enum err err = control_token(path, token, cause);
    if (err) {
        require(strcmp(token, "untouched") == 0);
        require(err != ERR_INVALID || strstr(cause, TOLD));
        return 0;
    }
    size_t token_n = strlen(token);
    require(token_n >= CONTROL_TOKEN_MIN && token_n <= CONTROL_TOKEN_MAX);
    require(n >= token_n && memcmp(bytes, token, token_n) == 0);
    for (size_t i = 0; i < n; i++)
        require(
            i < token_n ? bytes[i] > ' ' && bytes[i] <= '~' : bytes[i] == '\r' || bytes[i] == '\n');
    return 0;
}
