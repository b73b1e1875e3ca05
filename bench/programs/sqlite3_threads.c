/* Four threads on one sqlite3 database:  sqlite3_threads FILE ROUNDS
 *
 * As servers use it: first each thread has a connection of its own, in WAL mode, where readers wait for nobody; then all share one
 * connection, which sqlite3 itself serialises. A round writes some rows, and reads many more. sqlite3 lets one connection
 * write at a time and has the others sleep and try again, for up to 100 ms: with that, three seconds of a run of three were
 * sleep, natively and under each tool. So writers take turns by a mutex of the program. Nothing is flushed to the disk.
 *
 * A thread reads what only it writes, so the result is the same in every run. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "sqlite3.h"

enum { THREADS = 4, WRITES = 4, READS = 16, KEYS = 1000 };

static const char *path;
static int rounds;
static sqlite3 *common; /* the shared connection; NULL in the first phase */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

struct user {
    pthread_t thread;
    int number;
    unsigned random;
    sqlite3 *db;
    sqlite3_stmt *write, *read, *sum;
    long long seen;
};

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
    must(sqlite3_open(path, &db) == SQLITE_OK, db, "open");
    sqlite3_busy_timeout(db, 600000);
    must(sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL) == SQLITE_OK, db, "pragma");
    return db;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK, db, sql);
    return s;
}

static void run(sqlite3 *db, const char *sql)
{
    must(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, db, sql);
}

static int next_key(struct user *u)
{
    u->random = u->random * 1103515245 + 12345;
    return (int)(u->random >> 16) % KEYS;
}

/* On a shared connection single statements: a transaction of several would mix with other threads'. */
static void write_rows(struct user *u)
{
    if (!common) {
        pthread_mutex_lock(&writing);
        run(u->db, "BEGIN IMMEDIATE");
    }
    for (int i = 0; i < WRITES; i++) {
        const int key = next_key(u);
        sqlite3_bind_int(u->write, 1, u->number * KEYS + key);
        sqlite3_bind_int(u->write, 2, key % 17);
        must(sqlite3_step(u->write) == SQLITE_DONE, u->db, "write");
        sqlite3_reset(u->write);
    }
    if (!common) {
        run(u->db, "COMMIT");
        pthread_mutex_unlock(&writing);
    }
}

static void read_rows(struct user *u, sqlite3_stmt *s, int from)
{
    sqlite3_bind_int(s, 1, u->number * KEYS + from);
    int got;
    while ((got = sqlite3_step(s)) == SQLITE_ROW)
        u->seen += sqlite3_column_int64(s, 0) + sqlite3_column_bytes(s, 1);
    must(got == SQLITE_DONE, u->db, "read");
    sqlite3_reset(s);
}

static void *work(void *argument)
{
    struct user *u = argument;
    u->db = common ? common : open_database();
    u->write = prepare(u->db, "INSERT INTO t VALUES(?1, ?2, printf('%d is %.*c', ?1, 20 + ?2, 'x'))"
                              " ON CONFLICT(id) DO UPDATE SET n = n + 1");
    u->read = prepare(u->db, "SELECT n, s FROM t WHERE id = ?1");
    u->sum = prepare(u->db, "SELECT sum(n), max(s) FROM t WHERE id BETWEEN ?1 AND ?1 + 20");
    for (int i = 0; i < rounds; i++) {
        write_rows(u);
        if (!common)
            run(u->db, "BEGIN");
        for (int k = 0; k < READS; k++)
            read_rows(u, u->read, next_key(u));
        read_rows(u, u->sum, next_key(u) % (KEYS - 20));
        if (!common)
            run(u->db, "COMMIT");
    }
    sqlite3_finalize(u->write);
    sqlite3_finalize(u->read);
    sqlite3_finalize(u->sum);
    if (!common)
        sqlite3_close(u->db);
    return NULL;
}

static void run_threads(void)
{
    struct user users[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        users[i].number = i;
        users[i].random = (unsigned)i + 1;
        if (pthread_create(&users[i].thread, NULL, work, &users[i]) != 0)
            exit(1);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(users[i].thread, NULL);
        printf("thread %d has seen %lld\n", i, users[i].seen);
    }
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
    if (argc != 3) {
        fprintf(stderr, "usage: sqlite3_threads FILE ROUNDS\n");
        return 2;
    }
    path = argv[1];
    rounds = atoi(argv[2]);
    sqlite3 *db = open_database();
    run(db, "PRAGMA journal_mode=WAL; CREATE TABLE t(id INTEGER PRIMARY KEY, n INTEGER, s TEXT); CREATE INDEX i ON t(n)");
    run_threads();
    common = db;
    run_threads();
    must(sqlite3_exec(db, "SELECT id, n, s FROM t ORDER BY id; PRAGMA integrity_check", print_row, NULL, NULL) ==
             SQLITE_OK,
         db, "dump");
    sqlite3_close(db);
    return 0;
}
