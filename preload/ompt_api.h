/* The part of OMPT that ompt.c uses: names, numbers and parameters of OpenMP 5.2's omp-tools.h, which only LLVM's compilers come
 * with. */
#ifndef GORACE_OMPT_API_H
#define GORACE_OMPT_API_H

#include <stdint.h>

typedef union ompt_data_t {
    uint64_t value;
    void *ptr;
} ompt_data_t;

typedef void (*ompt_any_t)(void);
typedef ompt_any_t (*ompt_function_lookup_t)(const char *name);
typedef int (*ompt_set_callback_t)(int event, ompt_any_t callback);          /* 5: always told */
typedef int (*ompt_get_task_memory_t)(void **addr, size_t *size, int block); /* of the task that runs */

typedef struct ompt_start_tool_result_t {
    int (*initialize)(ompt_function_lookup_t lookup, int device, ompt_data_t *tool);
    void (*finalize)(ompt_data_t *tool);
    ompt_data_t tool;
} ompt_start_tool_result_t;

typedef struct ompt_dependence_t {
    ompt_data_t variable;
    int type;
} ompt_dependence_t;
enum { OMPT_IN = 1, OMPT_SOURCE = 5, OMPT_SINK = 6 };

enum ompt_event {
    OMPT_PARALLEL_BEGIN = 3,
    OMPT_PARALLEL_END = 4,
    OMPT_TASK_CREATE = 5,
    OMPT_TASK_SCHEDULE = 6,
    OMPT_IMPLICIT_TASK = 7,
    OMPT_SYNC_WAIT = 16,
    OMPT_MUTEX_RELEASED = 17,
    OMPT_DEPENDENCES = 18,
    OMPT_SYNC_REGION = 23,
    OMPT_LOCK_INIT = 24,
    OMPT_LOCK_DESTROY = 25,
    OMPT_MUTEX_ACQUIRE = 26,
    OMPT_MUTEX_ACQUIRED = 27,
    OMPT_FLUSH = 29,
    OMPT_REDUCTION = 31
};

enum ompt_endpoint { OMPT_BEGIN = 1, OMPT_END = 2 };
enum ompt_region { OMPT_TASKWAIT = 5, OMPT_TASKGROUP = 6, OMPT_REDUCES = 7 }; /* all others: barriers */
enum ompt_task { OMPT_TASK_EXPLICIT = 0x4, OMPT_TASK_WAITS = 0x10 };
enum ompt_status { OMPT_COMPLETE = 1, OMPT_CANCELLED = 3, OMPT_WAITED = 8 };
enum ompt_lock {
    OMPT_LOCK = 1,
    OMPT_TEST_LOCK,
    OMPT_NEST_LOCK,
    OMPT_TEST_NEST_LOCK,
    OMPT_CRITICAL,
    OMPT_ATOMIC,
    OMPT_ORDERED
};

#endif
