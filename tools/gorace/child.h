/* A program that is asked something: runs to its end, and its output is kept. */
#ifndef GORACE_LAUNCHER_CHILD_H
#define GORACE_LAUNCHER_CHILD_H

/* Runs argv[0] (a path) with `environment`, or the launcher's own when that is NULL; stdout and stderr together. Returns
 * the output, which the caller frees; *status is as waitpid gives it, or -1 when it could not be started. */
char *child_output(char *const argv[], char *const environment[], int *status);

#endif
