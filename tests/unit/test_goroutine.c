/* Goroutines as actors: they act by turns with one thread's caches, which orders nothing, and a million of them end without a
 * trace. */
#include "../../detector/actor.h"
#include "../../detector/collect.h"
#include "../../detector/lock.h"
#include "../../detector/shadow.h"
#include "recorder.h"

/* Code addresses are each test's own: a pair of them is told once in a process. */
#define READ_PC (pcs + 0x10000u)
#define WRITE_PC (pcs + 0x20000u)
static uintptr_t pcs;
static struct actor *hosting; /* the thread that they run on */

static int clear(void **state)
{
    pcs += 0x100000;
    if (!hosting) {
        hosting = actor_born(main_actor, 1);
        actor_rests(hosting, true);
    }
    return recorder_clear(state);
}

static struct actor *start(uint64_t number)
{
    return actor_born_light(main_actor, 0x10, number, "work");
}

static void run(struct actor *from, struct actor *to)
{
    if (from)
        actor_suspend(from);
    actor_resume(to, hosting);
}

static void end(struct actor *a)
{
    if (!a->stocks)
        actor_resume(a, hosting);
    actor_ends(a);
}

static void force_collection(struct actor *by)
{
    __atomic_store_n(&collection_wanted, 1, __ATOMIC_RELAXED);
    collect(by);
}

static void test_turns_order_nothing(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *a = start(7), *b = start(8);
    run(NULL, a);
    mem_write(a, x, 8, WRITE_PC);
    run(a, b);
    mem_read(b, x, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].access[0].actor.goroutine, 8);
    assert_int_equal(recorded[0].access[1].actor.goroutine, 7);
    assert_string_equal(recorded[0].access[1].actor.name, "work");
    assert_int_equal(top_of(recorded[0].access[1].actor.birth_stack), 0x10);
    end(b);
    end(a);
}

/* After a pause an actor goes on in the same epoch: its own accesses are no others', those of others are. */
static void test_own_epoch_after_a_pause(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    for (int i = 0; i < 100; i++) {
        mem_write(a, x, 8, WRITE_PC);
        run(a, b);
        mem_write(b, x + 64, 8, WRITE_PC + 1);
        run(b, a);
    }
    assert_int_equal(nrecorded, 0);
    mem_read(a, x + 64, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    end(a);
    end(b);
}

static void test_meet(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    mem_write(a, x, 8, WRITE_PC);
    run(a, b);
    mem_write(b, x + 64, 8, WRITE_PC + 1);
    actor_meet(b, a); /* a is parked */
    mem_write(b, x, 8, WRITE_PC + 2);
    mem_write(b, x + 128, 8, WRITE_PC + 3);
    run(b, a);
    mem_write(a, x + 64, 8, WRITE_PC + 4);
    assert_int_equal(nrecorded, 0);
    mem_read(a, x + 128, 8, READ_PC); /* what b did after the meeting */
    assert_int_equal(nrecorded, 1);
    end(a);
    end(b);
}

static void test_handoff(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    const uint64_t slot = (uintptr_t)x + 1024;
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    mem_write(a, x, 8, WRITE_PC);
    sync_handoff(a, slot);
    run(a, b);
    sync_handoff(b, slot);
    mem_write(b, x, 8, WRITE_PC + 1);
    assert_int_equal(nrecorded, 0);
    run(b, a);
    mem_read(a, x, 8, READ_PC); /* a has not used the slot again */
    assert_int_equal(nrecorded, 1);
    end(a);
    end(b);
}

/* Slots of a buffer that are kept with their channel: each orders as an object of its own would, also after a collection,
 * and the k-th receive comes before the send that uses its slot again. */
static void test_slots(void **state)
{
    (void)state;
    enum { N = 3 };
    char *x = fresh_memory(4096);
    struct slots *slots = NULL;
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    for (size_t round = 0; round < 100; round++) {
        for (size_t i = 0; i < N; i++) {
            mem_write(a, x + 64 * i, 8, WRITE_PC + i);
            slots_handoff(a, &slots, N, i, 1 + i);
        }
        run(a, b);
        for (size_t i = 0; i < N; i++) {
            slots_handoff(b, &slots, N, i, 1 + i);
            mem_write(b, x + 64 * i, 8, WRITE_PC + 16 + i);
        }
        if (round % 10 == 0)
            force_collection(b);
        for (size_t i = 0; i < N; i++)
            slots_handoff(b, &slots, N, i, 1 + i);
        run(b, a);
        for (size_t i = 0; i < N; i++)
            slots_handoff(a, &slots, N, i, 1 + i);
    }
    assert_int_equal(nrecorded, 0);
    mem_write(a, x, 8, WRITE_PC + 32);
    slots_handoff(a, &slots, N, 1, 2);
    run(a, b);
    slots_handoff(b, &slots, N, 0, 1); /* another slot: not a's latest */
    mem_read(b, x, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    slots_end(b, slots);
    end(b);
    end(a);
}

/* More slots than memory is kept for are objects by their addresses. */
static void test_many_slots(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    struct slots *slots = NULL;
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    mem_write(a, x, 8, WRITE_PC);
    mem_write(a, x + 64, 8, WRITE_PC + 1);
    slots_handoff(a, &slots, 100000, 99999, (uintptr_t)x + 1024);
    mem_write(a, x + 64, 8, WRITE_PC + 2);
    run(a, b);
    slots_handoff(b, &slots, 100000, 99999, (uintptr_t)x + 1024);
    mem_read(b, x, 8, READ_PC);
    assert_int_equal(nrecorded, 0);
    assert_null(slots);
    mem_read(b, x + 64, 8, READ_PC + 1);
    assert_int_equal(nrecorded, 1);
    slots_end(b, slots);
    end(b);
    end(a);
}

/* Those that were joined by way of a wait group leave no slot and no memory behind. */
static void test_many_come_and_go(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    const uint64_t group = (uintptr_t)x + 1024;
    uint32_t before = actor_slots();
    for (uint64_t i = 1; i <= 200000; i++) {
        struct actor *a = start(i);
        run(NULL, a);
        mem_write(a, x, 8, WRITE_PC);
        sync_release_merge(a, group);
        end(a);
        sync_acquire(main_actor, group);
    }
    assert_int_equal(nrecorded, 0);
    assert_in_range(actor_slots(), 0, before + 16);
}

/* A race of the first with the last of many that are alive at once. */
static void test_first_and_last(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    static struct actor *all[MANY];
    char *x = fresh_memory(4096);
    const uint64_t lock = (uintptr_t)x + 1024, group = lock + 64;
    for (int i = 0; i < MANY; i++) {
        all[i] = start((uint64_t)i + 1);
        run(NULL, all[i]);
        sync_acquire(all[i], lock);
        mem_write(all[i], x, 8, WRITE_PC);
        sync_release(all[i], lock);
        if (i == 0 || i == MANY - 1)
            mem_write(all[i], x + 64, 8, WRITE_PC + 1);
        actor_suspend(all[i]);
    }
    assert_int_equal(nrecorded, 1);
    assert_int_equal(recorded[0].access[1].actor.goroutine, 1);
    for (int i = 0; i < MANY; i++) {
        actor_resume(all[i], hosting);
        sync_release_merge(all[i], group);
        end(all[i]);
    }
    sync_acquire(main_actor, group);
    mem_write(main_actor, x, 8, WRITE_PC + 2);
    mem_write(main_actor, x + 64, 8, WRITE_PC + 3);
    assert_int_equal(nrecorded, 1);
}

/* What a timer starts knows what was done before the timer was set, and nothing that happened since: although all who
 * live know it, and a collection has come by. */
static void test_timer(void **state)
{
    (void)state;
    char *x = fresh_memory(4096);
    const uint64_t timer = (uintptr_t)x + 1024, group = timer + 64;
    struct actor *timers = actor_born(main_actor, 1);
    actor_rests(timers, true);
    struct actor *a = start(1);
    run(NULL, a);
    mem_write(a, x, 8, WRITE_PC);
    sync_release_merge(a, timer);
    sync_begets(a, timer, 0);
    mem_write(a, x + 64, 8, WRITE_PC + 1);
    sync_release_merge(a, group);
    end(a);
    sync_acquire(main_actor, group);
    force_collection(main_actor);
    actor_forgets(timers);
    sync_acquire(timers, timer);
    struct actor *b = actor_born_light(timers, 0, 2, NULL);
    run(NULL, b);
    mem_write(b, x, 8, WRITE_PC + 2);
    assert_int_equal(nrecorded, 0);
    mem_read(b, x + 64, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
    assert_true(recorded[0].access[0].actor.parent == CREATOR_TIMER);
    sync_begets_not(main_actor, timer);
    end(b);
    actor_ends(timers);
    actor_joins(main_actor, timers);
}

/* A stack begins a new life with each goroutine, and only what was used of it is looked at. */
static void test_stack_again(void **state)
{
    (void)state;
    enum { STACK = 64 << 10 };
    char *stack = fresh_memory(STACK);
    for (uint64_t i = 1; i <= 100; i++) {
        struct actor *a = start(i);
        run(NULL, a);
        mem_fresh(a, (uintptr_t)stack, STACK);
        mem_write(a, stack + STACK - 200, 100, WRITE_PC);
        mem_write(a, stack + i * 600, 8, WRITE_PC);
        end(a);
    }
    assert_int_equal(nrecorded, 0);
    mem_write(main_actor, stack + STACK - 200, 8, READ_PC);
    assert_int_equal(nrecorded, 1);
}

/* One that does not run has no room for locks if it holds none; but what a thread's lock was given up as stays known. */
static void test_room_for_locks(void **state)
{
    (void)state;
    const uintptr_t lock = (uintptr_t)fresh_memory(64);
    const unsigned green = HOW(THING_MUTEX, HOW_EXCLUSIVE | HOW_GREEN), threads = HOW(THING_MUTEX, HOW_EXCLUSIVE);
    struct actor *a = start(1), *b = start(2);
    run(NULL, a);
    lock_got(a, lock, green, READ_PC);
    run(a, b);
    assert_int_equal(a->nheld, 1);
    assert_non_null(held_find(a, lock));
    run(b, a);
    assert_true(lock_gone(a, lock));
    run(a, b);
    assert_null(a->held);
    const struct held *lent;
    lock_got(b, lock, green, READ_PC);
    lent = b->held;
    assert_true(lock_gone(b, lock));
    run(b, a);
    lock_got(a, lock, threads, READ_PC);
    assert_ptr_equal(a->held, lent);
    assert_true(lock_gone(a, lock));
    run(a, b);
    assert_non_null(a->held);
    assert_int_equal(a->held->addr, lock);
    end(a);
    end(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_turns_order_nothing, clear),
        cmocka_unit_test_setup(test_own_epoch_after_a_pause, clear),
        cmocka_unit_test_setup(test_meet, clear),
        cmocka_unit_test_setup(test_handoff, clear),
        cmocka_unit_test_setup(test_slots, clear),
        cmocka_unit_test_setup(test_many_slots, clear),
        cmocka_unit_test_setup(test_many_come_and_go, clear),
        cmocka_unit_test_setup(test_first_and_last, clear),
        cmocka_unit_test_setup(test_timer, clear),
        cmocka_unit_test_setup(test_stack_again, clear),
        cmocka_unit_test_setup(test_room_for_locks, clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
