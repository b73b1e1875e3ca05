/* The core against its definition: random scripts are played to the core through detector.h and to the naive oracle,
 * and every single access must be judged alike.
 *
 *   sound     what the core reports is a race in the oracle, with the very access that it names as the earlier one, or
 *             with one of the same code address and actor;
 *   complete  every race of an access in the oracle is reported, or was already, or one that stands for it: the core
 *             may leave out an earlier access only for one that is just as much a race and not older (oracle_stands),
 *             and a later one only for one of the same actor in the same epoch (oracle_repeats).
 *
 * A report is recognised by its code addresses. In half of the scripts each step has one of its own; in the others a
 * few are passed again and again, so that the caches of the core are hit, and then a pair of code addresses needs to be
 * reported only once, in whichever order. The process is one detector for all scripts; main lives through all of them,
 * alone between two, and each script gets its actors anew.
 *
 * A failure prints the seed and the shortest script that still fails. GORACE_MODEL_SEED=n plays one seed,
 * GORACE_MODEL_SCRIPTS=n sets how many. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SCRIPTS 2500

/* Leaves out ever smaller parts while the rest still fails. */
static int shrink(struct step *steps, int n, struct script_manner manner)
{
    static struct step trial[MODEL_STEPS];
    for (int part = n / 2; part >= 1; part = part == 1 ? 0 : (part + 1) / 2) {
        for (int at = 0; at + part <= n;) {
            memcpy(trial, steps, (size_t)at * sizeof *steps);
            memcpy(trial + at, steps + at + part, (size_t)(n - at - part) * sizeof *steps);
            if (model_play(trial, n - part, manner)) {
                at += part;
            } else {
                n -= part;
                memcpy(steps, trial, (size_t)n * sizeof *steps);
            }
        }
    }
    return n;
}

static void check_seed(uint64_t seed)
{
    static struct step steps[MODEL_STEPS];
    struct script_manner manner = script_manner(seed);
    script_make(steps, MODEL_STEPS, seed);
    if (model_play(steps, MODEL_STEPS, manner))
        return;
    printf("seed %llu, %u sites%s: %s\n", (unsigned long long)seed, manner.sites, manner.from_main ? ", from main" : "",
           model_failure);
    int n = shrink(steps, MODEL_STEPS, manner);
    if (model_play(steps, n, manner))
        printf("  fails only with a past: not shrunk to the end\n");
    else
        printf("  shrunk to %d steps: %s\n", n, model_failure);
    script_print(steps, n);
    fail_msg("the core differs from the oracle, GORACE_MODEL_SEED=%llu", (unsigned long long)seed);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_random_scripts(void **state)
{
    (void)state;
    uint64_t one = number_from("GORACE_MODEL_SEED", 0);
    if (one) {
        check_seed(one);
        return;
    }
    for (uint64_t seed = 1; seed <= number_from("GORACE_MODEL_SCRIPTS", SCRIPTS); seed++)
        check_seed(seed);
    printf("%llu steps, %llu accesses judged, %llu pairs racing, %llu collections\n", (unsigned long long)model_steps,
           (unsigned long long)model_judged, (unsigned long long)model_races, (unsigned long long)model_collections);
    assert_int_equal(counter_sum(COUNTER_accesses_lost), 0);
    assert_true(model_races > 0 && model_collections > 0 && counter_sum(COUNTER_collections) >= model_collections);
}

static int start(void **state)
{
    (void)state;
    return model_start() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_scripts),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
