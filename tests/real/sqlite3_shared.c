/* Threads on one sqlite3 database whose final content does not depend on their order, printed in full:
 *
 *   shared [FILE [ROWS]]
 *
 * Phase 1: every thread has a connection of its own (file locks, WAL index in shared memory). Phase 2: all threads use
 * one serialised connection (sqlite3's mutexes). Every row is written by one thread and then changed by all others with
 * operations that commute, so a lost or torn update changes the output. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "sqlite3.h"

enum { THREADS = 4 };

static const char *path;
static int rows = 60;
static sqlite3 *common; /* the shared connection; NULL in phase 1 */

static void must(int ok, sqlite3 *db, const char *what)
{
    if (!ok) {
        fprintf(stderr, "%s: %s\n", what, sqlite3_errmsg(db));
        exit(1);
    }
}

static sqlite3 *open_database(void)
{
    sqlite3 *db;
    must(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX, NULL) ==
             SQLITE_OK,
         db, "open");
    sqlite3_busy_timeout(db, 600000);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, db, sql);
}

static void *work(void *argument)
{
    int me = (int)(long)argument;
    sqlite3 *db = common ? common : open_database();
    for (int i = 0; i < rows; i++) {
        /* Single statements: on the shared connection a transaction of several would mix with other threads'. */
        char *sql = sqlite3_mprintf("INSERT INTO t VALUES(%d, %d, printf('%%.*c', %d, 'x'))"
                                    " ON CONFLICT(id) DO UPDATE SET n = n + excluded.n, s = s || excluded.s",
                                    i * (common ? 1000 : 1), me + 1, 100 + i);
        run(db, sql);
        sqlite3_free(sql);
    }
    if (!common)
        sqlite3_close(db);
    return NULL;
}

static void run_threads(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)i) != 0)
            exit(1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static int print_row(void *unused, int columns, char **value, char **name)
{
    (void)unused;
    (void)name;
    for (int i = 0; i < columns; i++)
        printf("%s%c", value[i] ? value[i] : "NULL", i == columns - 1 ? '\n' : '|');
    return 0;
}

int main(int argc, char **argv)
{
    path = argc > 1 ? argv[1] : "shared.db";
    if (argc > 2)
        rows = atoi(argv[2]);
    sqlite3 *db = open_database();
    run(db,
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, s TEXT)");
    run_threads();
    common = db;
    run_threads();
    must(sqlite3_exec(db, "SELECT id, n, length(s) FROM t ORDER BY id; PRAGMA integrity_check", print_row, NULL,
                      NULL) == SQLITE_OK,
         db, "dump");
    sqlite3_close(db);
    return 0;
}
