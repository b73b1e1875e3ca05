/* Memory of stamps: it follows how many accesses are remembered, not how many epochs have passed. Seen to fail when the room
 * that a collection keeps for an actor's stamps was as large as what it had made since the last one. */
#include "recorder.h"

#include "../../detector/access.h"
#include "../../detector/collect.h"
#include "../../detector/detector.h"
#include "../support/resident.h"

#define EPOCHS 2000000
#define ENOUGH (16l << 20) /* bytes */

static void test_epochs_that_are_past_keep_no_memory(void **state)
{
    struct actor *alice = actor_born(main_actor, 1);
    const uintptr_t place = (uintptr_t)fresh_memory(64), lock = (uintptr_t)fresh_memory(64);
    const long before = resident_bytes();
    (void)state;
    assert_true(before > 0);
    for (int i = 0; i < EPOCHS; i++) {
        access_slow(alice, place, 8, ACCESS_WRITE, 0x100);
        sync_release(alice, lock);
    }
    assert_true(collections() > 0);
    assert_in_range(resident_bytes() - before, 0, ENOUGH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_epochs_that_are_past_keep_no_memory, recorder_clear),
    };
    return cmocka_run_group_tests(tests, recorder_start, NULL);
}
