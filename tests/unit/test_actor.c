/* Actors: their number is not limited, those that are gone cost nothing once they cannot matter, and those that can
 * matter are not forgotten. */
#include "../../detector/actor.h"
#include "../../detector/atomic.h"
#include "../../detector/sync.h"
#include "recorder.h"

/* Code addresses are each test's own: a pair of them is told once in a process. */
#define READ_PC (pcs + 0x10000u)
#define WRITE_PC (pcs + 0x20000u)
static uintptr_t pcs;

static int clear(void **state)
{
    pcs += 0x100000;
    return recorder_clear(state);
}

static void test_one_after_another(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    uint32_t before = actor_slots();
    for (int i = 0; i < 100000; i++) {
        struct actor *a = actor_born(main_actor, 1);
        mem_write(a, x, 8, WRITE_PC);
        actor_ends(a);
        actor_joins(main_actor, a);
    }
    assert_int_equal(nrecorded, 0);
    assert_in_range(actor_slots(), 0, before + 16);
}

/* Each thread creates the next before it ends; all are joined late. */
static void test_chain(void **state)
{
    (void)state;
    enum { CHAIN = 3000 };
    static struct actor *chain[CHAIN];
    char *x = fresh_memory(4096);
    chain[0] = actor_born(main_actor, 1);
    for (int i = 1; i < CHAIN; i++) {
        mem_write(chain[i - 1], x, 8, WRITE_PC);
        chain[i] = actor_born(chain[i - 1], 1);
        actor_ends(chain[i - 1]);
    }
    actor_ends(chain[CHAIN - 1]);
    for (int i = 0; i < CHAIN; i++)
        actor_joins(main_actor, chain[i]);
    mem_write(main_actor, x, 8, WRITE_PC);
    assert_int_equal(nrecorded, 0);
}

/* Whoever is learnt from may be over, and nobody's to join. */
static void test_learns_all(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *lives = actor_born(main_actor, 1), *joinable = actor_born(main_actor, 1),
                 *gone = actor_born(main_actor, 1);
    mem_write(lives, x, 8, WRITE_PC);
    mem_write(joinable, x + 8, 8, WRITE_PC);
    mem_write(gone, x + 16, 8, WRITE_PC);
    actor_ends(joinable);
    actor_detached(gone);
    actor_ends(gone);
    actor_learns_all(main_actor);
    mem_write(main_actor, x, 24, WRITE_PC);
    assert_int_equal(nrecorded, 0);
    mem_write(lives, x + 32, 8, WRITE_PC);
    mem_read(main_actor, x + 32, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    actor_joins(main_actor, joinable);
}

/* Whoever learns of an access knows what came before it and what its actor knows of others, not what came after. */
static void test_turns_epoch(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *third = actor_born(main_actor, 1), *writer = actor_born(main_actor, 1);
    mem_write(third, x, 8, WRITE_PC);
    sync_release(third, 0x1230);
    sync_acquire(writer, 0x1230);
    mem_write(writer, x + 8, 8, WRITE_PC);
    const who_t then = writer->who;
    sync_release(writer, 0x1240);
    mem_write(writer, x + 16, 8, WRITE_PC);

    actor_turns_epoch(main_actor, then, false);
    assert_false(actor_knows(main_actor, then));
    actor_turns_epoch(main_actor, then, true);
    mem_write(main_actor, x, 16, WRITE_PC);
    assert_int_equal(nrecorded, 0);
    mem_write(main_actor, x + 16, 8, WRITE_PC);
    assert_int_equal(nrecorded, 1);

    const who_t now = writer->who;
    actor_turns_epoch(main_actor, now, false);
    assert_true(writer->who > now);
}

/* A place that was marked is atomic until its memory is freed, and carries nothing. */
static void test_marks_atomic(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *other = actor_born(main_actor, 1);
    mem_write(other, x, 8, WRITE_PC);
    assert_false(sync_is_atomic(main_actor, (uintptr_t)x + 64));
    sync_mark_atomic(other, (uintptr_t)x + 64);
    assert_true(sync_is_atomic(main_actor, (uintptr_t)x + 64));
    sync_acquire(main_actor, (uintptr_t)x + 64);
    mem_read(main_actor, x, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    sync_forget(main_actor, (uintptr_t)x + 64);
    assert_false(sync_is_atomic(main_actor, (uintptr_t)x + 64));
}

/* Of objects nearby that are none of atomic operations nobody asks: each access beside a mutex would. */
static void test_locks_are_no_marks(void **state)
{
    (void)state;
    const uintptr_t x = (uintptr_t)fresh_memory(4096);
    struct actor *other = actor_born(main_actor, 1);
    zero_bytes(sync_marks, ((size_t)1 << SYNC_MARK_BITS) / 8); /* of other tests, one of which may share a bit */
    sync_release(other, x);
    assert_true(sync_maybe(x) && !sync_maybe_atomic(x));
    sync_release_atomic(other, x + 8);
    sync_mark_guard(other, x + 16);
    assert_true(sync_maybe_atomic(x + 8) && sync_is_atomic(main_actor, x + 8));
    assert_true(sync_maybe_atomic(x + 16) && sync_is_guard(main_actor, x + 16));
    assert_false(sync_maybe_atomic(x));
}

/* Machine code that sees the value of a hook's operation asks for the object, which is held, even before the operation is noted. */
static void test_operation_is_expected(void **state)
{
    (void)state;
    const uintptr_t x = (uintptr_t)fresh_memory(4096);
    struct atomic_op op;
    zero_bytes(sync_marks, ((size_t)1 << SYNC_MARK_BITS) / 8);
    assert_true(atomic_begin(&op, main_actor, x, ATOMIC_STORE, __ATOMIC_RELEASE));
    assert_true(sync_maybe_atomic(x));
    atomic_end(&op, 4, ATOMIC_STORE, __ATOMIC_RELEASE, WRITE_PC);
}

static void test_detached_and_gone(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *gone = actor_born(main_actor, 0x10);
    actor_starts(gone, 4711, 0, 0);
    actor_set_name(gone, "worker");
    mem_write(gone, x, 8, WRITE_PC);
    actor_detached(gone);
    actor_ends(gone);
    /* Others come and go; none may take the place of the one that nobody waited for. */
    for (int i = 0; i < 1000; i++) {
        struct actor *a = actor_born(main_actor, 1);
        mem_write(a, x + 64, 8, WRITE_PC + 1);
        actor_ends(a);
        actor_joins(main_actor, a);
    }
    mem_read(main_actor, x, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    const struct finding_access *earlier = &recorded[0].access[1];
    assert_string_equal(earlier->actor.name, "worker");
    assert_int_equal(earlier->actor.tid, 4711);
    assert_true(earlier->actor.ended);
    assert_false(earlier->actor.is_main);
    assert_int_equal(top_of(earlier->actor.birth_stack), 0x10);
    assert_int_equal(top_of(earlier->stack), WRITE_PC);
    assert_true(recorded[0].access[0].actor.is_main);
}

/* A second life in the same slot of the clocks is told apart from the first. */
static void test_incarnations(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *first = actor_born(main_actor, 1);
    actor_set_name(first, "first");
    mem_write(first, x, 8, WRITE_PC);
    actor_ends(first);
    actor_joins(main_actor, first);
    struct actor *stranger = actor_born(main_actor, 1); /* before main forgets anything */
    struct actor *second = actor_born(main_actor, 1);
    actor_set_name(second, "second");
    mem_write(second, x + 8, 8, WRITE_PC);
    mem_read(stranger, x, 8, READ_PC);
    assert_int_equal(nrecorded, 0);
    mem_read(stranger, x + 8, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    assert_string_equal(recorded[0].access[1].actor.name, "second");
    actor_ends(second);
    actor_joins(main_actor, second);
    actor_ends(stranger);
    actor_joins(main_actor, stranger);
}

/* An actor that learns something between two releases gives it away at the second, although it did nothing itself. */
static void test_hearsay(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    const uint64_t before = (uintptr_t)x + 64, after = (uintptr_t)x + 128, between = (uintptr_t)x + 192;
    struct actor *joined = actor_born(main_actor, 1), *releasing = actor_born(main_actor, 1);
    struct actor *listener = actor_born(main_actor, 1);
    mem_write(joined, x, 8, WRITE_PC);
    mem_write(releasing, x + 8, 8, WRITE_PC);
    sync_release(releasing, between);
    actor_ends(joined);

    mem_write(main_actor, x + 16, 8, WRITE_PC);
    sync_release(main_actor, before);
    sync_acquire(listener, before);
    actor_joins(main_actor, joined);
    sync_release(main_actor, after);
    sync_acquire(listener, after);
    mem_read(listener, x, 8, READ_PC);
    sync_acquire(main_actor, between);
    sync_release_merge(main_actor, after);
    sync_acquire(listener, after);
    mem_read(listener, x + 8, 8, READ_PC);
    assert_int_equal(nrecorded, 0);

    actor_ends(releasing);
    actor_joins(main_actor, releasing);
    actor_ends(listener);
    actor_joins(main_actor, listener);
}

static void test_tenth_reader(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *reader[10];
    for (int i = 0; i < 10; i++) {
        reader[i] = actor_born(main_actor, 1);
        mem_read(reader[i], x, 4, READ_PC + (unsigned)i);
    }
    for (int i = 0; i < 10; i++) {
        actor_ends(reader[i]);
        if (i != 4)
            actor_joins(main_actor, reader[i]);
    }
    mem_write(main_actor, x, 4, WRITE_PC);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(top_of(recorded[0].access[1].stack), READ_PC + 4);
    actor_joins(main_actor, reader[4]);
}

static void test_two_thousand_readers(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    static struct actor *reader[MANY];
    char *x = fresh_memory(4096);
    for (unsigned i = 0; i < MANY; i++) {
        reader[i] = actor_born(main_actor, 1);
        mem_read(reader[i], x, 8, READ_PC + i);
    }
    mem_write(main_actor, x, 8, WRITE_PC);
    assert_int_equal(nrecorded, MANY);
    assert_int_equal(counter_sum(COUNTER_accesses_lost), 0);
    for (unsigned i = 0; i < MANY; i++) {
        actor_ends(reader[i]);
        actor_joins(main_actor, reader[i]);
    }
}

static void test_long_ago(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *a = actor_born(main_actor, 1), *b = actor_born(main_actor, 1);
    mem_write(a, x, 8, WRITE_PC);
    for (int i = 0; i < 5000000; i++) {
        sync_acquire(b, (uintptr_t)x + 64);
        mem_write(b, x + 128, 8, WRITE_PC + 1);
        sync_release(b, (uintptr_t)x + 64);
    }
    mem_read(b, x, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    actor_ends(a);
    actor_ends(b);
    actor_joins(main_actor, a);
    actor_joins(main_actor, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_after_another, clear),
        cmocka_unit_test_setup(test_chain, clear),
        cmocka_unit_test_setup(test_learns_all, clear),
        cmocka_unit_test_setup(test_turns_epoch, clear),
        cmocka_unit_test_setup(test_marks_atomic, clear),
        cmocka_unit_test_setup(test_locks_are_no_marks, clear),
        cmocka_unit_test_setup(test_operation_is_expected, clear),
        cmocka_unit_test_setup(test_detached_and_gone, clear),
        cmocka_unit_test_setup(test_incarnations, clear),
        cmocka_unit_test_setup(test_hearsay, clear),
        cmocka_unit_test_setup(test_tenth_reader, clear),
        cmocka_unit_test_setup(test_two_thousand_readers, clear),
        cmocka_unit_test_setup(test_long_ago, clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
