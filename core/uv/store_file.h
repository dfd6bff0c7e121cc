/* luapex.db: the address book on disk, an SQLite database that people can read as well.
 *
 *   peers    id, record (all that is known, packed), and for people what of it they ask for most:
 *            ip, port, side ('new', 'old'), buckets ('17 203'), version, last_verified, source_id,
 *            source_ip, source_port, heard. Only id and record are ever read back
 *   sources  id, n, source_id, source_ip, source_port, heard: who else told us, n = 1, 2 ...;
 *            for people, too
 *   bans     kind ('id', 'range', 'pair'), target, since, until, times, reason, and what to
 *            reinstate: ip, port, source_id, source_ip, source_port
 *   meta     name, value: 'placement_key', 'export', 'export_next'
 *   edges    a view for research: id, source_id, source_ip, source_port, heard, first ones and more
 *
 * Times are milliseconds since 1970; `heard` is seconds. 0 means never.
 *
 * Version 1 had a column for each field and no record. Such a file is read as it is and gets the
 * layout of today with the first BOOK_FORGET_ALL, in the transaction that writes all of it anew.
 * WAL with synchronous=NORMAL: what was written survives the end of the process at any moment;
 * after a power cut the database is consistent, as of its last checkpoint at worst. Others may read
 * it while a node runs.
 *
 * Nothing in the file is trusted: values are checked one by one, triggers and views of a foreign
 * schema never run. Calls block, so while a loop runs they belong on a worker thread; one thread
 * at a time uses a file. */
#ifndef UV_STORE_FILE_H
#define UV_STORE_FILE_H

#include "book/changes.h"

#define STORE_FILE_VERSION 2              /* user_version */
#define STORE_FILE_APPLICATION 0x4c50584b /* application_id: "LPXK" */
#define STORE_FILE_WHY_MAX 200
#define STORE_FILE_HASH_TEXT 64 /* hex digits of an export's SHA-256, without terminator */

enum store_access {
    STORE_WRITE,   /* made if missing */
    STORE_READ,    /* beside a running node, or from a folder that cannot be written */
    STORE_SALVAGE, /* read, whatever its version and state */
};

struct store_file;

/* ERR_NOT_FOUND (STORE_READ, STORE_SALVAGE; to the first one also a file that nobody has written to
 * yet), ERR_CORRUPT (damaged, of another version, or no
 * database of ours), ERR_IO, ERR_NO_MEMORY; why (STORE_FILE_WHY_MAX bytes) gets the cause. */
enum err store_file_open(
    const char *path, enum store_access access, struct store_file **file, char *why);
/* Checkpoints and closes; NULL is fine. */
void store_file_close(struct store_file *file);

/* Writes all changes in one transaction, or none; with `more` the transaction goes on with the next
 * call. Errors as above undo all of it. ERR_CORRUPT also when the file was moved or removed. */
enum err store_file_write(
    struct store_file *file, const struct book_change *changes, size_t n, bool more, char *why);

/* The SHA-256 of our last export: announced before the file is replaced and confirmed after it, so
 * that whichever of both a crash left behind is known. Not while a transaction goes on. */
enum err store_file_announce_export(struct store_file *file, const uint8_t hash[32], char *why);
enum err store_file_confirm_export(struct store_file *file, const uint8_t hash[32], char *why);
bool store_file_knows_export(struct store_file *file, const uint8_t hash[32]);

/* What became of the rows. */
struct store_report {
    uint32_t peers, kept; /* rows that could be read as peers; of these, in the book now */
    uint32_t replaced, demoted;
    uint32_t duplicate, excluded, non_routable, no_room; /* not kept, by cause */
    uint32_t bans, bans_kept;
    /* It should be written anew, from BOOK_FORGET_ALL on; not for non_routable ones alone, which
     * another setting of addr_book_strict takes. */
    bool outdated;
    uint32_t malformed;             /* rows of any kind that make no sense */
    bool damaged;                   /* reading ended before the end */
    char cause[STORE_FILE_WHY_MAX]; /* of damage */
};

/* Reads everything into an empty book, the placement key first. ERR_CORRUPT: report says what was
 * damaged or malformed, what could be read is in the book. ERR_NO_MEMORY, ERR_IO. A file opened for
 * STORE_SALVAGE is read in many small pieces from both ends, so that a damaged page costs little
 * more than its own rows, and always gives ERR_CORRUPT. */
enum err store_file_load(
    struct store_file *file, struct book *book, struct now now, struct store_report *report);

#endif
