/* What is suspected of a schedule that passed (predict.h), from scripts of operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../runtime/ops.h"
#include "../../runtime/predict.h"

static struct rt_record record;
static char said[8192]; /* "KIND STRATEGY\n" each */
static uint32_t nth[16];

/* Goroutine 1 is main, which has started the others at the beginning. */
static void begin(uint32_t goroutines)
{
    memset(nth, 0, sizeof nth);
    record.operation_count = 0;
    for (uint32_t task = 2; task <= goroutines; task++)
        record.tasks[task] = (struct rt_record_task){.parent = 1, .nth = task - 1};
}

static void did(uint32_t task, enum rt_op op, uint32_t object)
{
    record.operations[record.operation_count++] = (struct rt_record_operation){task, ++nth[task], object, op};
}

static void both(uint32_t task, uint32_t first, uint32_t second)
{
    did(task, RT_OP_LOCK, first);
    did(task, RT_OP_LOCK, second);
    did(task, RT_OP_UNLOCK, second);
    did(task, RT_OP_UNLOCK, first);
}

static void found(void *host, enum rt_suspicion how, const char *strategy)
{
    size_t length = strlen(said);
    (void)host;
    snprintf(said + length, sizeof said - length, "%d %s\n", how, strategy);
}

static const char *suspected(void)
{
    said[0] = '\0';
    rt_predict(&record, found, NULL);
    return said;
}

static void crossed_locks(void **state)
{
    (void)state;
    begin(3);
    both(2, 1, 2);
    both(3, 2, 1);
    assert_string_equal(suspected(), "0 hold:m.1@2,m.2@2\n");
    begin(3);
    both(2, 1, 2);
    both(3, 1, 2);
    assert_string_equal(suspected(), "");
}

static void three_in_a_ring(void **state)
{
    (void)state;
    begin(4);
    both(2, 1, 2);
    both(3, 2, 3);
    both(4, 3, 1);
    assert_string_equal(suspected(), "0 hold:m.1@2,m.2@2,m.3@2\n");
}

static void behind_a_gate(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t task = 2; task <= 3; task++) {
        did(task, RT_OP_LOCK, 9);
        both(task, task - 1, 4 - task);
        did(task, RT_OP_UNLOCK, 9);
    }
    assert_string_equal(suspected(), "");
}

static void ordered_by_a_message(void **state)
{
    (void)state;
    begin(3);
    both(2, 1, 2);
    did(3, RT_OP_CHAN_RECV, 5); /* waits for it */
    did(2, RT_OP_CHAN_SEND, 5);
    both(3, 2, 1);
    assert_string_equal(suspected(), "");
    /* The other one sends: what comes behind its send is not ordered with anything. */
    begin(3);
    both(2, 1, 2);
    did(2, RT_OP_CHAN_RECV, 5);
    did(3, RT_OP_CHAN_SEND, 5);
    both(3, 2, 1);
    assert_string_equal(suspected(), "0 hold:m.1@2,m.2@3\n");
    begin(3);
    both(2, 1, 2);
    did(2, RT_OP_CHAN_CLOSE, 5);
    did(3, RT_OP_CHAN_RECV, 5);
    both(3, 2, 1);
    assert_string_equal(suspected(), "");
}

static void ordered_by_a_group(void **state)
{
    (void)state;
    begin(3);
    both(2, 1, 2);
    did(2, RT_OP_WAITGROUP_DONE, 5);
    did(3, RT_OP_WAITGROUP_WAIT, 5);
    both(3, 2, 1);
    assert_string_equal(suspected(), "");
}

static void ordered_by_birth(void **state)
{
    (void)state;
    begin(2);
    both(1, 1, 2);
    record.tasks[2].born = record.operation_count;
    both(2, 2, 1);
    assert_string_equal(suspected(), "");
    begin(2);
    record.tasks[2].born = 0;
    both(1, 1, 2);
    both(2, 2, 1);
    assert_string_equal(suspected(), "0 hold:m@2,m.1@2\n");
}

/* Who sends holds the lock that who receives takes before. The sender has to fill the buffer: it goes first. */
static void sends_with_a_lock(void **state)
{
    (void)state;
    begin(3);
    did(2, RT_OP_LOCK, 1);
    did(2, RT_OP_CHAN_SEND, 5);
    did(2, RT_OP_UNLOCK, 1);
    did(3, RT_OP_LOCK, 1);
    did(3, RT_OP_UNLOCK, 1);
    did(3, RT_OP_CHAN_RECV, 5);
    assert_string_equal(suspected(), "1 hold:m.1@2w,m.2@1\n");
    /* The receiver's lock is behind: nobody waits for the other one. */
    begin(3);
    did(2, RT_OP_LOCK, 1);
    did(2, RT_OP_CHAN_SEND, 5);
    did(2, RT_OP_UNLOCK, 1);
    did(3, RT_OP_CHAN_RECV, 5);
    did(3, RT_OP_LOCK, 1);
    did(3, RT_OP_UNLOCK, 1);
    assert_string_equal(suspected(), "");
}

/* A channel of one element as a lock: giving it back orders no more than an unlock does. */
static void token_and_lock(void **state)
{
    (void)state;
    begin(3);
    did(1, RT_OP_CHAN_SEND, 5);
    did(2, RT_OP_LOCK, 1);
    did(2, RT_OP_CHAN_RECV, 5);
    did(2, RT_OP_CHAN_SEND, 5);
    did(2, RT_OP_UNLOCK, 1);
    did(3, RT_OP_CHAN_RECV, 5);
    did(3, RT_OP_LOCK, 1);
    did(3, RT_OP_UNLOCK, 1);
    did(3, RT_OP_CHAN_SEND, 5);
    assert_string_equal(suspected(), "1 hold:m.1@2w,m.2@2\n");
}

static void two_tokens_each(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t task = 2; task <= 3; task++) {
        did(task, RT_OP_SEM_ACQUIRE, 1);
        did(task, RT_OP_SEM_ACQUIRE, 1);
        did(task, RT_OP_SEM_RELEASE, 1);
        did(task, RT_OP_SEM_RELEASE, 1);
    }
    assert_string_equal(suspected(), "2 hold:m.1@2w,m.2@2w\n3 hold:m.1@2,m.2@2w\n3 hold:m.1@2w,m.2@2\n");
    begin(3);
    for (uint32_t task = 2; task <= 3; task++) {
        did(task, RT_OP_SEM_ACQUIRE, 1);
        did(task, RT_OP_SEM_RELEASE, 1);
    }
    assert_string_equal(suspected(), "");
}

/* The writer has to come to wait before the second read lock. */
static void reads_twice(void **state)
{
    (void)state;
    begin(3);
    did(2, RT_OP_LOCK, 1);
    did(2, RT_OP_UNLOCK, 1);
    did(3, RT_OP_RLOCK, 1);
    did(3, RT_OP_RLOCK, 1);
    did(3, RT_OP_RUNLOCK, 1);
    did(3, RT_OP_RUNLOCK, 1);
    assert_string_equal(suspected(), "1 hold:m.1@1w,m.2@2\n");
}

/* One of two that are there for each other is never waited for in vain. */
static void question_and_answer(void **state)
{
    (void)state;
    begin(3);
    for (int i = 0; i < 5; i++) {
        did(2, RT_OP_CHAN_SEND, 5);
        did(3, RT_OP_CHAN_RECV, 5);
        did(3, RT_OP_CHAN_SEND, 6);
        did(2, RT_OP_CHAN_RECV, 6);
    }
    assert_string_equal(suspected(), "");
}

/* A waiter with the outer of two locks, and who would wake it needs that one. */
static void condition_inside(void **state)
{
    (void)state;
    begin(3);
    did(2, RT_OP_LOCK, 1);
    did(2, RT_OP_LOCK, 2);
    did(2, RT_OP_COND_WAIT, 3);
    did(2, RT_OP_UNLOCK, 2);
    did(2, RT_OP_UNLOCK, 1);
    did(3, RT_OP_LOCK, 1);
    did(3, RT_OP_COND_SIGNAL, 3);
    did(3, RT_OP_UNLOCK, 1);
    assert_string_equal(suspected(), "1 hold:m.1@3w,m.2@1\n");
}

/* A waiter gives up its lock. */
static void condition(void **state)
{
    (void)state;
    begin(3);
    for (uint32_t task = 2; task <= 3; task++) {
        did(task, RT_OP_LOCK, 1);
        did(task, RT_OP_COND_WAIT, 2);
        did(task, RT_OP_UNLOCK, 1);
        did(task, RT_OP_LOCK, 1);
        did(task, RT_OP_COND_SIGNAL, 2);
        did(task, RT_OP_UNLOCK, 1);
    }
    assert_string_equal(suspected(), "");
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Loops make more of the same; it is told a few times, and looked for no longer than a moment. */
static void many_alike(void **state)
{
    (void)state;
    begin(12);
    for (int i = 0; i < 300; i++)
        for (uint32_t task = 2; task <= 12; task++)
            both(task, task, task < 12 ? task + 1 : 2);
    assert_in_range(lines(suspected()), 1, 4);
    begin(12);
    for (uint32_t task = 2; task <= 12; task++)
        for (uint32_t one = 1; one <= 10; one++)
            for (uint32_t other = 1; other <= 10; other++)
                both(task, one, other + (one == other));
    assert_in_range(lines(suspected()), 16, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossed_locks),
        cmocka_unit_test(three_in_a_ring),
        cmocka_unit_test(behind_a_gate),
        cmocka_unit_test(ordered_by_a_message),
        cmocka_unit_test(ordered_by_a_group),
        cmocka_unit_test(ordered_by_birth),
        cmocka_unit_test(sends_with_a_lock),
        cmocka_unit_test(token_and_lock),
        cmocka_unit_test(two_tokens_each),
        cmocka_unit_test(reads_twice),
        cmocka_unit_test(question_and_answer),
        cmocka_unit_test(condition_inside),
        cmocka_unit_test(condition),
        cmocka_unit_test(many_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
