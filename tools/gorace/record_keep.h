/* Keeps the traces of all processes of a run in one file, compressed: a process of its own that takes what they write into a
 * folder, while they write it. */
#ifndef GORACE_LAUNCHER_RECORD_KEEP_H
#define GORACE_LAUNCHER_RECORD_KEEP_H

#include <sys/types.h>

struct record_keeper {
    char *folder; /* for `record=`, ends in "/" */
    pid_t keeper;
    int stop; /* the keeper takes the rest and ends when this is closed */
};

/* Ends the launcher when `file` cannot be written. */
struct record_keeper record_keep_begin(const char *file);
/* After the processes have ended, however they did. */
void record_keep_end(struct record_keeper *k);

#endif
