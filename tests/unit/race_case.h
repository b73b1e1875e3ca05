/* A race of a made-up program, named by fake_names.h: what the tests of the reports report. */
#ifndef GORACE_TEST_RACE_CASE_H
#define GORACE_TEST_RACE_CASE_H

#include "report_data.h"

extern struct finding f;
extern struct report r;
extern const struct finding_actor main_thread;

/* Forgets all names, findings and what was reported; a set-up of cmocka. */
int set_up(void **state);

/* A folder for what is written; set-up and tear-down of a group. */
extern char folder[];
int make_folder(void **state);
int remove_folder(void **state);

/* The stack of `function`, at `line` of race.c, called by main. */
uint32_t stack_in(const char *function, int line);

/* `f` becomes a write of T1 in put() that meets an earlier read of the main thread in get(). */
void write_and_read(uintptr_t addr);

#endif
