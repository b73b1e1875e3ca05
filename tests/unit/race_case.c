/* See race_case.h. */
#include "race_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_names.h"
#include "filter.h"

struct finding f;
struct report r;

const struct finding_actor main_thread = {.number = 0, .tid = 100, .is_main = true};

int set_up(void **state)
{
    (void)state;
    fake_forget();
    filter_forget();
    memset(&f, 0, sizeof f);
    return 0;
}

char folder[] = "/tmp/gorace-report-XXXXXX";

int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

int remove_folder(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

uint32_t stack_in(const char *function, int line)
{
    uintptr_t inner = fake_frame(function, "/src/app/race.c", line - 2, line);
    uintptr_t outer = fake_frame("main", "/src/app/race.c", 40, 44);
    return fake_stack(inner, outer, (uintptr_t)0);
}

void write_and_read(uintptr_t addr)
{
    f = (struct finding){.kind = FINDING_RACE, .tier = TIER_HAPPENED};
    f.access[0] =
        (struct finding_access){.kind = ACCESS_WRITE, .addr = addr, .size = 4, .actor = {.number = 1, .tid = 123}};
    f.access[0].stack = fake_stack(fake_frame("put", "/src/app/race.c", 10, 12), (uintptr_t)0);
    f.access[0].actor.birth_stack = stack_in("start", 31);
    strcpy(f.access[0].actor.name, "worker");
    f.access[1] = (struct finding_access){.kind = ACCESS_READ, .addr = addr, .size = 4, .actor = main_thread};
    f.access[1].stack = stack_in("get", 22);
}
