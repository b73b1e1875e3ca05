/* Stacks of goroutines. Essay: stack.c. */
#ifndef RT_STACK_H
#define RT_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RT_STACK_CLASSES = 8, RT_STACK_CACHE = 64, RT_PAGE = 4096 };

struct rt_stack_cache { /* of a P, for the default class; last in, first out */
    int32_t count;
    char *stacks[RT_STACK_CACHE];
};

/* Class for `size` bytes, or -1: too large. */
int rt_stack_class(size_t size);
size_t rt_stack_size(int class);
/* Lowest usable byte; NULL: no memory. cache may be NULL. */
char *rt_stack_get(int class, struct rt_stack_cache *cache);
void rt_stack_put(int class, char *stack, struct rt_stack_cache *cache);
/* Where the first frame begins: the end, less this stack's colour; 16-aligned. */
char *rt_stack_top(int class, char *stack);
void rt_stack_flush(int class, struct rt_stack_cache *cache);
/* The calling thread's own stack is one, too: valgrind is told, or it would take a switch to it for the end of a large frame. */
void rt_stack_of_thread(void);
/* Gives pages of stacks that have not been used since the last call back to the kernel. */
void rt_stacks_trim(void);
/* If address is in a guard: the stack above it; otherwise NULL. */
const char *rt_stack_guard(const void *address);
/* Where stacks lie. Nobody makes any meanwhile. */
void rt_stacks_memory(void (*visit)(const void *memory, size_t size));
void rt_stacks_end(void);
/* Leaves them to whoever still runs on them. */
void rt_stacks_forget(void);
void rt_stacks_lock(void); /* for fork */
void rt_stacks_unlock(void);

#endif
