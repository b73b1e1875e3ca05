/* A host for the core that keeps what it is told. One process is one detector: recorder_start is a group setup. */
#ifndef TESTS_UNIT_RECORDER_H
#define TESTS_UNIT_RECORDER_H

#include "../../detector/finding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RECORDED_MAX 4096

extern struct finding recorded[RECORDED_MAX];
extern int nrecorded;            /* may be more than were kept */
/* Of the first so many findings, their first so many steps, with the first lock held. */
#define RECORDED_STEPPED 64
#define RECORDED_STEPS 32
extern struct finding_step recorded_steps[RECORDED_STEPPED][RECORDED_STEPS];
#define RECORDED_PATH 8
extern struct finding_object recorded_paths[RECORDED_STEPPED][RECORDED_PATH];
extern int recorded_everybody; /* how often the core said that nobody is left */
extern struct actor *main_actor; /* lives through all tests */

int recorder_start(void **state); /* group setup */
int recorder_clear(void **state); /* test setup */

/* The innermost return address of a stack. */
uintptr_t top_of(uint32_t stack);
/* Fresh memory of its own for each caller, 64-byte aligned. */
void *fresh_memory(size_t size);
/* Addresses of n locks, each in a line of its own. */
void fresh_locks(uintptr_t *locks, int n);
/* n actors, born by main_actor; and joined by it. */
void actors_come(struct actor **actors, int n);
void actors_go(struct actor **actors, int n);

#endif
