/* Where the detector's files are, from where the launcher stands: the same in a build folder and where it is installed. */
#ifndef GORACE_LAUNCHER_PLACE_H
#define GORACE_LAUNCHER_PLACE_H

#include <stdbool.h>

/* The folder of libgorace.so, absolute; the caller frees it. Ends the launcher when there is none. GORACE_LIBDIR first. */
char *place_libraries(void);

/* The file that execvp would take for `program`, or NULL; the caller frees it. */
char *place_program(const char *program);

/* What of an executable decides whether it can be watched. */
struct executable {
    bool elf;
    bool dynamic;      /* asks for a loader, so a preload reaches it */
    bool glibc;        /* its loader is glibc's */
    bool privileged;   /* setuid or setgid: the loader ignores preloads */
    bool instrumented; /* calls compiler hooks */
    bool own_tsan;     /* defines them itself: a static ThreadSanitizer */
};
struct executable executable_look(const char *path);

#endif
