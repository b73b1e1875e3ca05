/* Whole programs out of goroutines, as in Go's test/chan/{sieve1,sieve2,powser1} and test/ken/chan, written anew: networks that grow
 * while they run. What they compute is checked against loops. */
#define GORO_SHORT_NAMES
#include "run.h"

#include <stdlib.h>
#include <string.h>

static bool is_prime(int n)
{
    for (int d = 2; d * d <= n; d++)
        if (n % d == 0)
            return false;
    return n > 1;
}

static int next_prime(int n)
{
    do
        n++;
    while (!is_prime(n));
    return n;
}

/* ---- the sieve as a chain of filters ---- */

static void count_up(send_chan_of(int) out)
{
    for (int i = 2;; i++)
        chan_send(out, i);
}

static void filter(recv_chan_of(int) in, send_chan_of(int) out, int prime)
{
    chan_range(in, v) {
        if (v % prime != 0)
            chan_send(out, v);
    }
}

static void sieve(send_chan_of(int) primes)
{
    chan_of(int) c = chan_make(int, 0);
    go(count_up, to_send(c));
    for (;;) {
        int prime = chan_take(c);
        chan_send(primes, prime);
        chan_of(int) next = chan_make(int, 0);
        go(filter, to_recv(c), to_send(next), prime);
        c = next;
    }
}

GORO_TEST(sieve_of_filters)
{
    chan_of(int) primes = chan_make(int, 0);
    int want = 1;
    go(sieve, to_send(primes));
    for (int i = 0; i < 150; i++) {
        want = next_prime(want);
        CHECK_EQ(chan_take(primes), want);
    }
}

/* ---- the sieve with feedback: odd numbers without the merged multiples of the primes found ---- */

static void multiples(int prime, send_chan_of(int) out)
{
    for (int n = prime * prime;; n += 2 * prime)
        chan_send(out, n);
}

/* Primes come in at the back; what is not prime goes out in order. A list of streams, kept sorted by their heads. */
struct stream {
    int head;
    recv_chan_of(int) rest;
};

static void sink(struct stream *streams, int n)
{
    for (int i = 0; i + 1 < n && streams[i].head > streams[i + 1].head; i++) {
        struct stream s = streams[i];
        streams[i] = streams[i + 1];
        streams[i + 1] = s;
    }
}

static void merge_composites(recv_chan_of(int) primes, send_chan_of(int) out)
{
    struct stream *streams = NULL;
    int n = 0, next_square = 9, prime = chan_take(primes), last = 0;
    for (;;) {
        while (n == 0 || streams[0].head >= next_square) { /* the next prime's square is due: its multiples join */
            chan_of(int) c = chan_make(int, 10);
            streams = realloc(streams, (size_t)(n + 1) * sizeof *streams);
            go(multiples, prime, to_send(c));
            memmove(streams + 1, streams, (size_t)n * sizeof *streams);
            streams[0] = (struct stream){chan_take(c), to_recv(c)};
            sink(streams, ++n);
            prime = chan_take(primes);
            next_square = prime * prime;
        }
        if (streams[0].head != last)
            chan_send(out, last = streams[0].head);
        streams[0].head = chan_take(streams[0].rest);
        sink(streams, n);
    }
}

/* Any number of values may wait between `in` and `out`. */
static void unbounded(recv_chan_of(int) in, send_chan_of(int) out)
{
    int *values = NULL, v;
    size_t first = 0, count = 0, room = 0;
    for (;;) {
        chan_select {
            recv_case(in, &v) {
                if (count == room) {
                    room = room ? 2 * room : 4;
                    values = realloc(values, room * sizeof *values);
                }
                values[count++] = v;
            }
            send_case(first < count ? out : NULL, first < count ? values[first] : 0) {
                first++;
            }
        }
    }
}

static void sieve_by_merging(send_chan_of(int) out)
{
    chan_of(int) composites = chan_make(int, 50), found = chan_make(int, 10), back = chan_make(int, 10);
    go(unbounded, to_recv(found), to_send(back));
    go(merge_composites, to_recv(back), to_send(composites));
    chan_send(out, 2);
    chan_send(out, 3);
    chan_send(found, 3);
    chan_send(found, 5);
    for (int candidate = 5, composite = chan_take(composites);; candidate += 2) {
        if (candidate == composite) {
            composite = chan_take(composites);
            continue;
        }
        chan_send(out, candidate);
        if (candidate > 5)
            chan_send(found, candidate);
    }
}

GORO_TEST(sieve_with_feedback)
{
    chan_of(int) primes = chan_make(int, 10);
    int want = 1;
    go(sieve_by_merging, to_send(primes));
    for (int i = 0; i < 500; i++) {
        want = next_prime(want);
        CHECK_EQ(chan_take(primes), want);
    }
}

/* ---- power series as streams of coefficients on demand (M. D. McIlroy, "Squinting at power series", 1990) ---- */

typedef struct {
    int64_t num, den;
} rat;

/* Who wants a coefficient sends on `ask`, then receives from `get`. */
struct series {
    chan_of(char) ask;
    chan_of(rat) get;
};

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t t = a % b;
        a = b;
        b = t;
    }
    return a < 0 ? -a : a;
}

static rat ratio(int64_t num, int64_t den)
{
    int64_t g = gcd(num, den);
    return den < 0 ? (rat){-num / g, -den / g} : (rat){num / g, den / g};
}

static rat plus(rat a, rat b)
{
    int64_t g = gcd(a.den, b.den);
    return ratio(a.num * (b.den / g) + b.num * (a.den / g), a.den / g * b.den);
}

static rat times(rat a, rat b)
{
    rat x = ratio(a.num, b.den), y = ratio(b.num, a.den);
    return (rat){x.num * y.num, x.den * y.den};
}

static struct series *new_series(void)
{
    struct series *s = malloc(sizeof *s);
    *s = (struct series){chan_make(char, 0), chan_make(rat, 0)};
    return s;
}

static rat take(struct series *s)
{
    chan_send(s->ask, 0);
    return chan_take(s->get);
}

static void give(struct series *s, rat r)
{
    chan_take(s->ask);
    chan_send(s->get, r);
}

/* Both at once, in whatever order they come. */
static void take_two(struct series *a, struct series *b, rat *x, rat *y)
{
    chan_of(char) ask[2] = {a->ask, b->ask};
    chan_of(rat) get[2] = {NULL, NULL};
    for (int left = 4; left > 0; left--) {
        chan_select {
            send_case(ask[0], 0) {
                ask[0] = NULL;
                get[0] = a->get;
            }
            send_case(ask[1], 0) {
                ask[1] = NULL;
                get[1] = b->get;
            }
            recv_case(get[0], x) {
                get[0] = NULL;
            }
            recv_case(get[1], y) {
                get[1] = NULL;
            }
        }
    }
}

static void run_constant(struct series *out, int64_t num)
{
    for (;;)
        give(out, (rat){num, 1});
}

static struct series *constant(int64_t num)
{
    struct series *out = new_series();
    go(run_constant, out, num);
    return out;
}

static void copy(struct series *in, struct series *out)
{
    for (;;) {
        chan_take(out->ask);
        chan_send(out->get, take(in));
    }
}

/* The same stream twice, read at different speeds: what one has had and the other has not is kept, and is given out also while the
 * next coefficient is on its way, for that may depend on it. */
static void run_split(struct series *in, struct series *a, struct series *b)
{
    struct series *outs[2] = {a, b};
    rat *values = NULL, value;
    size_t count = 0, had[2] = {0, 0};
    bool waits[2] = {false, false}, ask = false, asked = false;
    for (;;) {
        int who = -1;
        chan_select {
            recv_case(waits[0] ? NULL : a->ask, NULL) {
                who = 0;
            }
            recv_case(waits[1] ? NULL : b->ask, NULL) {
                who = 1;
            }
            send_case(ask ? in->ask : NULL, 0) {
                ask = false;
                asked = true;
            }
            recv_case(asked ? in->get : NULL, &value) {
                asked = false;
                values = realloc(values, (count + 1) * sizeof *values);
                values[count++] = value;
            }
        }
        if (who >= 0) {
            waits[who] = true;
            ask = ask || (had[who] == count && !asked);
        }
        for (int i = 0; i < 2; i++) {
            if (waits[i] && had[i] < count) {
                chan_send(outs[i]->get, values[had[i]++]);
                waits[i] = false;
            }
        }
    }
}

struct two {
    struct series *a, *b;
};

static struct two split(struct series *in)
{
    struct two two = {new_series(), new_series()};
    go(run_split, in, two.a, two.b);
    return two;
}

static void run_add(struct series *out, struct series *a, struct series *b)
{
    for (;;) {
        rat x, y;
        chan_take(out->ask);
        take_two(a, b, &x, &y);
        chan_send(out->get, plus(x, y));
    }
}

static struct series *add(struct series *a, struct series *b)
{
    struct series *out = new_series();
    go(run_add, out, a, b);
    return out;
}

static void run_scale(struct series *out, int64_t num, int64_t den, struct series *in)
{
    for (;;) {
        chan_take(out->ask);
        chan_send(out->get, times((rat){num, den}, take(in)));
    }
}

static struct series *scale(rat by, struct series *in)
{
    struct series *out = new_series();
    go(run_scale, out, by.num, by.den, in);
    return out;
}

static struct series *multiply(struct series *a, struct series *b);

/* (u + xU)(v + xV) = uv + x(uV + vU) + x^2 UV */
static void run_multiply(struct series *out, struct series *a, struct series *b)
{
    rat u, v;
    chan_take(out->ask);
    take_two(a, b, &u, &v);
    chan_send(out->get, times(u, v));
    struct two us = split(a), vs = split(b);
    struct series *middle = add(scale(u, vs.a), scale(v, us.a));
    chan_take(out->ask);
    chan_send(out->get, take(middle));
    copy(add(middle, multiply(us.b, vs.b)), out);
}

static struct series *multiply(struct series *a, struct series *b)
{
    struct series *out = new_series();
    go(run_multiply, out, a, b);
    return out;
}

static void run_derive(struct series *out, struct series *in)
{
    chan_take(out->ask);
    take(in);
    for (int64_t n = 1;; n++) {
        chan_send(out->get, times((rat){n, 1}, take(in)));
        chan_take(out->ask);
    }
}

static struct series *derive(struct series *in)
{
    struct series *out = new_series();
    go(run_derive, out, in);
    return out;
}

static void run_integrate(struct series *out, int64_t first, struct series *in)
{
    give(out, (rat){first, 1});
    for (int64_t n = 1;; n++) {
        chan_take(out->ask);
        chan_send(out->get, times((rat){1, n}, take(in)));
    }
}

static struct series *integrate(int64_t first, struct series *in)
{
    struct series *out = new_series();
    go(run_integrate, out, first, in);
    return out;
}

/* Z = exp(U) with Z' = Z U': the integral of its own product; the loop is closed with a stream that is made first. */
static struct series *exponential(struct series *u)
{
    struct series *again = new_series();
    struct two z = split(integrate(1, multiply(again, derive(u))));
    go(copy, z.a, again);
    return z.b;
}

static void check_series(int line, struct series *s, const rat *want, int n)
{
    for (int i = 0; i < n; i++) {
        rat r = take(s);
        if (r.num != want[i].num || r.den != want[i].den) {
            fprintf(stderr, "line %d: coefficient %d is %lld/%lld, not %lld/%lld\n", line, i, (long long)r.num,
                    (long long)r.den, (long long)want[i].num, (long long)want[i].den);
            CHECK(false);
        }
    }
}

GORO_TEST(power_series)
{
    enum { N = 10 };
    rat want[N], ones[N];
    for (int i = 0; i < N; i++) {
        ones[i] = (rat){1, 1};
        want[i] = (rat){3, 1};
    }
    check_series(__LINE__, constant(1), ones, N);
    check_series(__LINE__, add(constant(1), constant(2)), want, N);
    check_series(__LINE__, add(scale((rat){-1, 2}, constant(4)), constant(3)), ones, N);
    for (int i = 0; i < N; i++)
        want[i] = (rat){i + 1, 1};
    check_series(__LINE__, derive(constant(1)), want, N);
    check_series(__LINE__, multiply(constant(1), constant(1)), want, N);
    check_series(__LINE__, derive(integrate(5, derive(constant(1)))), want, N);
    want[0] = (rat){0, 1};
    for (int i = 1; i < N; i++)
        want[i] = (rat){1, i};
    check_series(__LINE__, integrate(0, constant(1)), want, N);
    /* exp(x + x^2 + ...): n z_n = sum over k of k z_{n-k}. */
    want[0] = (rat){1, 1};
    for (int i = 1; i < N; i++) {
        want[i] = (rat){0, 1};
        for (int k = 1; k <= i; k++)
            want[i] = plus(want[i], times((rat){k, 1}, want[i - k]));
        want[i] = times(want[i], (rat){1, i});
    }
    check_series(__LINE__, exponential(constant(1)), want, N);
}

/* ---- senders and receivers in all combinations (ken/chan) ---- */

static int sent_sum, received_sum;

static void send_range(chan_of(int) a, chan_of(int) b, int from, int to, waitgroup *done)
{
    for (int v = from; v < to; v++) {
        goro_atomic_add(&sent_sum, v);
        chan_select {
            send_case(a, v) {
            }
            send_case(b, v) {
            }
        }
    }
    waitgroup_done(done);
}

static void receive_until_closed(chan_of(int) a, chan_of(int) b, bool select, waitgroup *done)
{
    while (a || b) {
        int v = 0;
        bool ok = true;
        if (!select && a && !b) {
            ok = chan_recv(a, &v);
            a = ok ? a : NULL;
        } else {
            chan_select {
                recv_case_ok(a, &v, &ok) {
                    a = ok ? a : NULL;
                }
                recv_case_ok(b, &v, &ok) {
                    b = ok ? b : NULL;
                }
            }
        }
        goro_atomic_add(&received_sum, v);
    }
    waitgroup_done(done);
}

GORO_TEST(senders_and_receivers)
{
    enum { SENDERS = 8, RECEIVERS = 5, EACH = 300 };
    for (int cap = 0; cap < 15; cap += 7) {
        chan_of(int) a = chan_make(int, cap), b = chan_make(int, cap / 2);
        waitgroup sending = {0}, receiving = {0};
        sent_sum = received_sum = 0;
        waitgroup_add(&sending, SENDERS);
        waitgroup_add(&receiving, RECEIVERS);
        for (int i = 0; i < SENDERS; i++)
            go(send_range, i % 3 == 2 ? NULL : a, i % 3 == 1 ? NULL : b, i * EACH, (i + 1) * EACH, &sending);
        for (int i = 0; i < RECEIVERS; i++)
            go(receive_until_closed, a, i % 2 ? b : NULL, i % 3 == 0, &receiving);
        waitgroup_wait(&sending);
        chan_close(a);
        chan_close(b);
        waitgroup_wait(&receiving);
        CHECK_EQ(received_sum, sent_sum);
        CHECK_EQ(sent_sum, SENDERS * EACH * (SENDERS * EACH - 1) / 2);
        chan_free(a);
        chan_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sieve_of_filters),
        cmocka_unit_test(sieve_with_feedback),
        cmocka_unit_test(power_series),
        cmocka_unit_test(senders_and_receivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
