/* GORACE_OPTIONS=sarif=FILE without `gorace run`: a process with findings calls the launcher when it ends. */
#ifndef GORACE_SARIF_H
#define GORACE_SARIF_H

/* Makes `sarif` anew out of `findings`, where every process has appended its own. Both are full names of files. The caller
 * stands in inside_begin(). Says so when it cannot. */
void sarif_write(const char *sarif, const char *findings);

#endif
