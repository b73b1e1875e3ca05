/* What the wrappers of whole-process events ask of the rest of the library, and tell it. */
#ifndef GORACE_PROCESS_H
#define GORACE_PROCESS_H

#include <stdbool.h>

/* The process is about to end with `status`, without atexit handlers: writes out what is left to write and returns the
 * status to end with. process_end.c */
int process_exit_code(int status);
/* Modules were loaded or unloaded; and, told before, some may be about to be unloaded. init.c */
void modules_changed(void);
void modules_unloading(void);

/* This process, and not a child of vfork that borrows its memory. wrap_process.c */
bool process_is_ours(void);
/* At the start, and in the child of fork. wrap_process.c */
void process_forked(void);

#endif
