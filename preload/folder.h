/* Reading a folder of numbers, such as those of /proc, by bare system calls. */
#ifndef GORACE_FOLDER_H
#define GORACE_FOLDER_H

#include <stdbool.h>

/* Calls visit for each name that is a number; `folder` is open. False when it cannot be read. */
bool folder_each(const char *path, void (*visit)(int folder, const char *name, void *arg), void *arg);
/* 0 when it is none. */
int folder_number(const char *name);
/* The other way, with its final zero: at most 11 bytes. */
void folder_name(char *to, int number);

#endif
