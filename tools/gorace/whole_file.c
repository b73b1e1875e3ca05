/* See whole_file.h. */
#include "whole_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

bool whole_open(struct whole_file *f, const char *path)
{
    struct stat s;
    *f = (struct whole_file){.path = path};
    if (!path || !strcmp(path, "-")) {
        f->to = stdout;
        return true;
    }
    if (lstat(path, &s) != 0 || S_ISREG(s.st_mode))
        f->beside = must_format("%s.%d.part", path, (int)getpid());
    f->to = fopen(f->beside ? f->beside : path, "w");
    if (f->to)
        return true;
    free(f->beside);
    return false;
}

bool whole_close(struct whole_file *f)
{
    bool whole = !ferror(f->to) && fflush(f->to) == 0;
    int problem = errno;
    if (f->to != stdout && fclose(f->to) != 0 && whole) {
        whole = false;
        problem = errno;
    }
    if (f->beside && whole) {
        whole = rename(f->beside, f->path) == 0;
        problem = errno;
    }
    if (f->beside && !whole)
        unlink(f->beside);
    free(f->beside);
    errno = problem;
    return whole;
}
