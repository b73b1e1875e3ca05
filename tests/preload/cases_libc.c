/* Memory that libc touches for the program: exactly the bytes that the call is about. */
#include <aio.h>
#include <fcntl.h>
#include <netdb.h>
#include <search.h>
#include <semaphore.h>
#include <sys/uio.h>

#include "unordered.h"

static char text[32] = "text", copy[64];

/* The writes and reads that a wrapper is held against. */
static void write_4(void)
{
    p[4] = 'x';
}

static void write_5(void)
{
    p[5] = 'x';
}

/* ---- copies: exactly the bytes that are touched -------------------------------------------------------------------- */

static void copy_5(void)
{
    memcpy(p, text, (size_t)n);
}

static void race_memcpy_last_byte(void)
{
    make();
    unordered(copy_5, write_4);
}

static void norace_memcpy_next_byte(void)
{
    make();
    unordered(copy_5, write_5);
}

static void copy_string(void)
{
    strcpy(p, text);
}

static void race_strcpy_terminator(void)
{
    make();
    unordered(copy_string, write_4);
}

static void norace_strcpy_after_terminator(void)
{
    make();
    unordered(copy_string, write_5);
}

static void copy_padded(void)
{
    strncpy(p, text, (size_t)n + 1);
}

static void race_strncpy_padding(void)
{
    make();
    unordered(copy_padded, write_5);
}

static void append(void)
{
    strcat(p, text);
}

static void read_2(void)
{
    copy[0] = p[2];
}

static void race_strcat_over_the_terminator(void)
{
    make();
    strcpy(p, "ab");
    unordered(append, read_2);
}

static void read_1(void)
{
    copy[0] = p[1];
}

static void norace_strcat_only_reads_before_it(void)
{
    make();
    strcpy(p, "ab");
    unordered(append, read_1);
}

static void compare(void)
{
    n = strcmp(p, "tex-");
}

static void make_text(void)
{
    make();
    strcpy(p, text);
}

/* The difference at the fourth character ends it. */
static void norace_strcmp_after_the_difference(void)
{
    make_text();
    unordered(compare, write_4);
}

static void write_3(void)
{
    p[3] = 'x';
}

static void race_strcmp_up_to_the_difference(void)
{
    make_text();
    unordered(compare, write_3);
}

static void find_x(void)
{
    CHECK(strchr(p, 'x') == p + 2);
}

static void norace_strchr_behind_the_place(void)
{
    make_text();
    unordered(find_x, write_3);
}

static void duplicate(void)
{
    free(strdup(p));
}

static void race_strdup(void)
{
    make_text();
    unordered(duplicate, write_3);
}

/* ---- formats --------------------------------------------------------------------------------------------------------- */

static void print_into(void)
{
    snprintf(p, 5, "%s", "longer than that");
}

static void race_snprintf_destination(void)
{
    make();
    unordered(print_into, write_4);
}

static void norace_snprintf_stops_at_its_bound(void)
{
    make();
    unordered(print_into, write_5);
}

static void print_argument(void)
{
    snprintf(copy, sizeof copy, "%d %s", n, p);
}

static void race_argument_of_printf(void)
{
    make_text();
    unordered(print_argument, write_3);
}

static void print_part(void)
{
    snprintf(copy, sizeof copy, "%.3s", p);
}

static void norace_argument_of_printf_with_precision(void)
{
    make_text();
    unordered(print_part, write_3);
}

static int number;

static void scan(void)
{
    CHECK(sscanf("12", "%d", &number) == 1);
}

static void write_number(void)
{
    number = 5;
}

static void race_destination_of_sscanf(void)
{
    unordered(scan, write_number);
}

/* ---- other calls --------------------------------------------------------------------------------------------------------- */

static struct {
    int key, beside;
} records[4] = {{3, 0}, {1, 0}, {2, 0}};

static int less(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b; /* looks at the keys only */
}

static void sort(void)
{
    qsort(records, 3, sizeof records[0], less);
}

static void write_2(void)
{
    records[2].beside = 7;
}

static void write_beside(void)
{
    records[3].beside = 7;
}

static void race_qsort(void)
{
    unordered(write_2, sort);
}

static void norace_qsort_beside(void)
{
    unordered(write_beside, sort);
}

static void read_file(void)
{
    FILE *f = fopen("/proc/self/stat", "r");
    CHECK(fread(p, 1, 5, f) == 5);
    OK(fclose(f));
}

static void race_fread(void)
{
    make();
    unordered(read_file, write_4);
}

static void norace_fread_beside(void)
{
    make();
    unordered(read_file, write_5);
}

static void write_out(void)
{
    struct iovec v[2] = {{text, 4}, {p, 5}};
    FILE *f = tmpfile();
    CHECK(writev(fileno(f), v, 2) == 9);
    OK(fclose(f));
}

static void race_writev(void)
{
    make();
    unordered(write_out, write_4);
}

static void norace_writev_beside(void)
{
    make();
    unordered(write_out, write_5);
}

static void local(void)
{
    time_t now = time(NULL);
    CHECK(localtime(&now) != NULL);
}

static void local_r(void)
{
    struct tm mine;
    time_t now = time(NULL);
    CHECK(localtime_r(&now, &mine) == &mine);
}

static void race_localtime(void)
{
    unordered(local, local);
}

static void norace_localtime_r(void)
{
    unordered(local_r, local_r);
}

static void split(void)
{
    char mine[] = "a b";
    CHECK(strtok(mine, " ") == mine);
}

static void split_r(void)
{
    char mine[] = "a b", *position;
    CHECK(strtok_r(mine, " ", &position) == mine);
}

static void race_strtok(void)
{
    unordered(split, split);
}

static void norace_strtok_r(void)
{
    unordered(split_r, split_r);
}

static void stat_into(void)
{
    CHECK(clock_gettime(CLOCK_REALTIME, (struct timespec *)p) == 0);
}

static void race_clock_gettime(void)
{
    make();
    unordered(stat_into, write_5);
}

/* Lookups go through plugins that synchronise where nobody sees it. */
static void look_up(void)
{
    struct addrinfo *a;
    if (getaddrinfo("localhost", "http", NULL, &a) == 0)
        freeaddrinfo(a);
}

static void norace_getaddrinfo(void)
{
    unordered(look_up, look_up);
}

/* hcreate's table is one for all threads, and libc's own. */
static void enter(void)
{
    hsearch((ENTRY){.key = text, .data = text}, ENTER);
}

static void find(void)
{
    hsearch((ENTRY){.key = text}, FIND);
}

static void race_hsearch(void)
{
    OK(!hcreate(16));
    unordered(enter, find);
}

static void norace_hsearch_finds(void)
{
    OK(!hcreate(16));
    enter();
    unordered(find, find);
}

/* A stream into memory tells of its buffer and size when it is flushed. */
static FILE *memory;
static char *buffer;
static size_t size;

static void print_and_flush(void)
{
    fputs(text, memory);
    fflush(memory);
}

static void print(void)
{
    fputs(text, memory);
}

static void look_at_size(void)
{
    copy[0] = (char)size;
}

static void race_size_of_memstream(void)
{
    memory = open_memstream(&buffer, &size);
    unordered(print_and_flush, look_at_size);
}

static void norace_size_of_memstream_before_the_flush(void)
{
    memory = open_memstream(&buffer, &size);
    unordered(print, look_at_size);
}

/* What an asynchronous read has put into the buffer is known to whoever has heard of its end; here nobody has. */
static struct aiocb asked;

static void ask(void)
{
    asked = (struct aiocb){.aio_fildes = open("/proc/self/exe", O_RDONLY), .aio_buf = p, .aio_nbytes = (size_t)n};
    OK(aio_read(&asked));
    while (aio_error(&asked) == EINPROGRESS)
        ;
}

static void look_when_over(void)
{
    while (aio_error(&asked) == EINPROGRESS)
        ;
    copy[0] = p[4];
}

static void look_at_once(void)
{
    copy[0] = p[4];
}

static void race_buffer_of_aio(void)
{
    make();
    unordered(ask, look_at_once);
}

static void norace_buffer_of_aio_that_is_over(void)
{
    make();
    unordered(ask, look_when_over);
}

static sem_t told;

static void notified(union sigval v)
{
    copy[0] = p[v.sival_int];
    sem_post(&told);
}

static void norace_notification_of_aio(void)
{
    make();
    p[5] = 'x';
    asked = (struct aiocb){.aio_fildes = open("/proc/self/exe", O_RDONLY),
                           .aio_buf = p,
                           .aio_nbytes = (size_t)n,
                           .aio_sigevent = {.sigev_notify = SIGEV_THREAD,
                                            .sigev_notify_function = notified,
                                            .sigev_value.sival_int = 5}};
    OK(sem_init(&told, 0, 0));
    OK(aio_read(&asked));
    OK(sem_wait(&told));
}

#define CASES(X) \
    X(race_memcpy_last_byte) X(norace_memcpy_next_byte) X(race_strcpy_terminator) X(norace_strcpy_after_terminator) \
    X(race_strncpy_padding) X(race_strcat_over_the_terminator) X(norace_strcat_only_reads_before_it) \
    X(norace_strcmp_after_the_difference) X(race_strcmp_up_to_the_difference) X(norace_strchr_behind_the_place) \
    X(race_strdup) X(race_snprintf_destination) X(norace_snprintf_stops_at_its_bound) X(race_argument_of_printf) \
    X(norace_argument_of_printf_with_precision) X(race_destination_of_sscanf) X(race_qsort) X(norace_qsort_beside) \
    X(race_fread) X(norace_fread_beside) X(race_writev) X(norace_writev_beside) X(race_localtime) \
    X(norace_localtime_r) X(race_strtok) X(norace_strtok_r) X(race_clock_gettime) X(norace_getaddrinfo) \
    X(race_hsearch) X(norace_hsearch_finds) X(race_size_of_memstream) X(norace_size_of_memstream_before_the_flush) \
    X(race_buffer_of_aio) X(norace_buffer_of_aio_that_is_over) X(norace_notification_of_aio)
CASES_MAIN
