/* How a program is put under the detector: its options, and the preload. */
#ifndef GORACE_LAUNCHER_WATCH_H
#define GORACE_LAUNCHER_WATCH_H

#include <argp.h>

/* Adds to a value of GORACE_OPTIONS, which is freed and replaced. */
void watch_option(char **options, const char *name, const char *value);
/* The value is a file, which must be there: its whole path, since the processes of a run change their folders. */
void watch_file_option(char **options, struct argp_state *state, const char *name, const char *file);
/* A preload is silently ignored by some programs: better no run than one that looks clean. Ends the launcher then. */
void watch_refuse(const char *program);
/* Puts the detector into LD_PRELOAD of this process, for those that it starts; and what makes accesses points of a schedule, if
 * GORO_POINTS asks for that (docs/explore.md). */
void watch_preload(void);
/* Only the latter. */
void watch_preload_points(void);

#endif
