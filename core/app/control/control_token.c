#include "app/control/control_token.h"

#include "crypto/node_key.h"
#include "ops/file.h"
#include "uv/machine.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (CONTROL_TOKEN_MAX + 2) /* with the end of its line */
#define ENTROPY 32                       /* bytes of a new one */

static enum err fail(char *cause, enum err err, const char *path, const char *why)
{
    snprintf(cause, CONTROL_TOKEN_CAUSE_MAX, "%.300s: %s", path, why);
    return err;
}

static enum err make(const char *path, char *token, char *cause)
{
    uint8_t entropy[ENTROPY];
    char line[2 * ENTROPY + 2], why[FILE_CAUSE_MAX];
    if (!machine_entropy(entropy, sizeof entropy))
        return fail(cause, ERR_IO, path, "this machine gives no entropy for a token");
    for (size_t i = 0; i < ENTROPY; i++)
        snprintf(line + 2 * i, 3, "%02x", entropy[i]);
    line[2 * ENTROPY] = '\n';
    enum err err = file_create(path, 0600, line, 2 * ENTROPY + 1, why);
    line[2 * ENTROPY] = 0;
    if (!err)
        memcpy(token, line, sizeof line - 1);
    crypto_wipe(entropy, sizeof entropy);
    crypto_wipe(line, sizeof line);
    return err ? fail(cause, err, path, why) : ERR_OK;
}

static enum err parse(const char *path, const struct file_text *file, char *token, char *cause)
{
    const char *text = file->text;
    size_t n = strcspn(text, "\r\n");
    size_t end = n + strspn(text + n, "\r\n");
    bool is_token = n >= CONTROL_TOKEN_MIN && n <= CONTROL_TOKEN_MAX && end == file->n;
    for (size_t i = 0; i < n && is_token; i++)
        is_token = text[i] > ' ' && text[i] <= '~';
    if (!is_token)
        return fail(cause, ERR_INVALID, path,
            "must hold one line of 32 to 256 printable characters without blanks; remove it, and "
            "the next start makes a new one");
    memcpy(token, text, n);
    token[n] = 0;
    return ERR_OK;
}

enum err control_token(
    const char *path, char token[CONTROL_TOKEN_MAX + 1], char cause[CONTROL_TOKEN_CAUSE_MAX])
{
    char why[FILE_CAUSE_MAX];
    struct file_text file;
    struct stat info;
    enum err err = file_read(path, FILE_MAX, true, &file, why);
    if (err == ERR_NOT_FOUND)
        return make(path, token, cause);
    if (err)
        return fail(cause, err, path, why);
    if (stat(path, &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)))
        err = fail(cause, ERR_INVALID, path, "others may read it; run chmod 600 on it");
    else
        err = parse(path, &file, token, cause);
    crypto_wipe(file.text, file.n);
    free(file.text);
    return err;
}
