/* The launcher's commands. Each gets its own argv, whose [0] is "gorace NAME" for messages, and returns the exit status
 * of the launcher. */
#ifndef GORACE_LAUNCHER_COMMAND_H
#define GORACE_LAUNCHER_COMMAND_H

#include <argp.h>

#define STATUS_USAGE 2 /* wrong use, or something is missing that the command needs */

int command_run(int argc, char **argv);
int command_explore(int argc, char **argv);
int command_cc(int argc, char **argv);
int command_cxx(int argc, char **argv);
int command_report(int argc, char **argv);
int command_baseline(int argc, char **argv);
int command_explain(int argc, char **argv);
int command_doctor(int argc, char **argv);
int command_trace(int argc, char **argv);

/* "gorace: " and the message to stderr, then exit(STATUS_USAGE). */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void warn_user(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* malloc and the like that end the launcher when there is no memory; the caller frees. */
void *must_grow(void *old, size_t bytes);
char *must_copy(const char *text);
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* argp_parse with what all commands have in common: errors exit with STATUS_USAGE. */
void command_parse(const struct argp *argp, int argc, char **argv, unsigned flags, void *input);

#endif
