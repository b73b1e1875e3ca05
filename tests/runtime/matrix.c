/* What optimisers could break around a switch of goroutines: errno, thread-local variables, channels of many types, select, floating
 * point, large frames, setjmp. Built by check_matrix.sh at every level by every compiler; exit status 0: right. */
#define GORO_SHORT_NAMES
#ifdef MATRIX_ERRNO
#define GORO_ERRNO
#endif
#include <goro/goro.h>
#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GOROUTINES = 16, ROUNDS = 300 };

static int failures;
static waitgroup done;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            goro_atomic_add(&failures, 1); \
        } \
    } while (0)

/* Each has its own, over switches that change the thread. */
static void keep_errno(int mine)
{
    for (int i = 0; i < ROUNDS; i++) {
        *goro_errno() = mine;
        yield();
        CHECK(*goro_errno() == mine);
#ifdef MATRIX_ERRNO
        errno = mine + 1000;
        if (i % 50 == 0)
            goro_sleep(1000);
        else
            yield();
        CHECK(errno == mine + 1000);
        CHECK(strtol("99999999999999999999999", NULL, 10) > 0 && errno == ERANGE); /* libc's is the same one */
        yield();
        CHECK(errno == ERANGE);
#endif
    }
    waitgroup_done(&done);
}

/* Of the thread: pinned, a goroutine may use them across switches. */
static __thread int thread_local_word;

static void pinned_locals(int mine)
{
    for (int i = 0; i < ROUNDS / 10; i++) {
        goro_pin();
        thread_local_word = mine;
        int *address = &thread_local_word;
        goro_sleep(1000);
        CHECK(address == &thread_local_word);
        thread_local_word++; /* other pinned goroutines are on other threads; those that are not do not touch it */
        goro_unpin();
        yield();
    }
    waitgroup_done(&done);
}

static goro_key key;

static void own_locals(int mine)
{
    int value = mine;
    CHECK(goro_key_get(key) == NULL);
    CHECK(goro_key_set(key, &value) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        yield();
        CHECK(goro_key_get(key) == &value);
    }
    waitgroup_done(&done);
}

/* Values in callee-saved and floating registers, rounding mode. */
static void numbers(int mine, double scale)
{
    double a = mine, b = scale, c = a * b;
    long long x = mine, y = x * 3, z = y - 7;
    for (int i = 0; i < ROUNDS; i++) {
        a += 0.25;
        x += 2;
        y ^= x;
        yield();
        c += a * b;
        z += y & 0xff;
    }
    CHECK(a == mine + 0.25 * ROUNDS && x == mine + 2LL * ROUNDS);
    double want = mine * scale, step = mine;
    long long u = mine, v = u * 3, w = v - 7;
    for (int i = 0; i < ROUNDS; i++) {
        step += 0.25;
        want += step * scale;
        u += 2;
        v ^= u;
        w += v & 0xff;
    }
    CHECK(c == want && z == w);
    waitgroup_done(&done);
}

struct wide {
    char text[20];
    double number;
    long long more[3];
};

static void producer(send_chan_of(struct wide) out, send_chan_of(char) letters, send_chan_of(float) floats)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct wide w = {.number = i / 2.0, .more = {i, -i, i * 1000000007LL}};
        snprintf(w.text, sizeof w.text, "number %d", i);
        chan_select {
            send_case(letters, (char)i) {
                chan_send(out, w);
                chan_send(floats, (float)i / 4);
            }
            send_case(floats, (float)i / 4) {
                chan_send(letters, (char)i);
                chan_send(out, w);
            }
            send_case(out, w) {
                chan_send(floats, (float)i / 4);
                chan_send(letters, (char)i);
            }
        }
    }
    chan_close(out);
    chan_close(letters);
    chan_close(floats);
}

static void channels(void)
{
    chan_of(struct wide) wides = chan_make(struct wide, 0);
    chan_of(char) letters = chan_make(char, 1);
    chan_of(float) floats = chan_make(float, 3);
    recv_chan_of(struct wide) in = to_recv(wides);
    recv_chan_of(char) letters_in = to_recv(letters);
    recv_chan_of(float) floats_in = to_recv(floats);
    int next[3] = {0};
    go(producer, to_send(wides), to_send(letters), to_send(floats));
    while (in || letters_in || floats_in) {
        struct wide w;
        char letter;
        float f;
        bool ok;
        chan_select {
            recv_case_ok(in, &w, &ok) {
                if (ok) {
                    char want[20];
                    int i = next[0]++;
                    snprintf(want, sizeof want, "number %d", i);
                    CHECK(strcmp(w.text, want) == 0 && w.number == i / 2.0 && w.more[2] == i * 1000000007LL);
                } else {
                    in = NULL;
                }
            }
            recv_case_ok(letters_in, &letter, &ok) {
                if (ok)
                    CHECK(letter == (char)next[1]++);
                else
                    letters_in = NULL;
            }
            recv_case_ok(floats_in, &f, &ok) {
                if (ok)
                    CHECK(f == (float)next[2]++ / 4);
                else
                    floats_in = NULL;
            }
            timeout_case(3600 * GORO_SECOND) {
                CHECK(false);
            }
        }
    }
    CHECK(next[0] == ROUNDS && next[1] == ROUNDS && next[2] == ROUNDS);
    chan_free(wides);
    chan_free(letters);
    chan_free(floats);
    waitgroup_done(&done);
}

/* Arguments of every class, and more stack than a page. */
static void arguments(char a, double b, short c, float d, const char *e, unsigned long long f)
{
    char big[9000];
    memset(big, a, sizeof big);
    yield();
    CHECK(big[0] == a && big[8999] == a);
    CHECK(a == 'a' && b == 1.5 && c == -2 && d == 0.25f && strcmp(e, "five") == 0 && f == 1ULL << 63);
    waitgroup_done(&done);
}

static void jumps(int mine)
{
    jmp_buf here;
    volatile int times = 0;
    for (volatile int i = 0; i < 20; i++) {
        if (setjmp(here) == 0) {
            yield();
            times++;
            longjmp(here, mine + 1);
        }
        times++;
    }
    CHECK(times == 40);
    waitgroup_done(&done);
}

static int start(void *arg)
{
    (void)arg;
    CHECK(goro_key_create(&key, NULL) == 0);
    for (int i = 0; i < GOROUTINES; i++) {
        waitgroup_add(&done, 7);
        go(keep_errno, i + 1);
        go(pinned_locals, i * 1000);
        go(own_locals, i);
        go(numbers, i, 1.0 / (i + 3));
        go(channels);
        go(arguments, (char)'a', 1.5, (short)-2, 0.25f, (const char *)"five", 1ULL << 63);
        go(jumps, i);
    }
    waitgroup_wait(&done);
    return failures ? 1 : 0;
}

int main(void)
{
    return goro_run(start, NULL);
}
