/* A small text file of the user's, line by line: suppressions, baselines. */
#ifndef GORACE_TEXTFILE_H
#define GORACE_TEXTFILE_H

#include "outbuf.h"

/* The whole text, which may be changed and stays mapped for the life of the process. NULL: not readable, or above 16 MB;
 * then a line for the user, "gorace: WHAT: cannot ...", is in `errors`. */
char *textfile_read(const char *file, const char *what, struct outbuf *errors);

/* Takes the next line off *rest: ended by zero, without spaces at its ends. NULL behind the last. */
char *textfile_line(char **rest);

#endif
