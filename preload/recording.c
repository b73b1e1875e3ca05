/* See recording.h. */
#include "recording.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../detector/record.h"

/* Absolute, with the process id in it; false: too long. */
static bool full_name(const char *name, char *to, size_t size)
{
    size_t n = 0;
    if (*name != '/') {
        if (!getcwd(to, size - 1))
            return false;
        n = strlen(to);
        to[n++] = '/';
    }
    for (; *name && n + 24 < size; name++) {
        if (name[0] == '%' && name[1] == 'p') {
            n += (size_t)snprintf(to + n, size - n, "%d", getpid());
            name++;
        } else {
            to[n++] = *name;
        }
    }
    to[n] = 0;
    return !*name;
}

void recording_start(const struct flags *flags, void (*say)(const char *line))
{
    char path[PATH_MAX], line[PATH_MAX + 100];
    if (!*flags->record)
        return;
    int error = full_name(flags->record, path, sizeof path) ? record_start(path, flags->record_accesses) : ENAMETOOLONG;
    if (!error)
        return;
    snprintf(line, sizeof line, "cannot record into %s: %s", flags->record, strerrordesc_np(error));
    say(line);
}

static int tell(struct dl_phdr_info *info, size_t size, void *actor)
{
    char program[PATH_MAX];
    const char *name = info->dlpi_name;
    uintptr_t end = 0;
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz > end)
            end = info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
    if (!*name) {
        ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
        if (n <= 0)
            return 0;
        program[n] = 0;
        name = program;
    }
    record_module(actor, info->dlpi_addr, end, name);
    return 0;
}

void recording_modules(struct actor *a)
{
    if (record_on && a)
        dl_iterate_phdr(tell, a);
}
