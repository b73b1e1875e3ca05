/* See place.h. */
#include "place.h"

#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"

static char *folder_with_library(const char *pattern)
{
    glob_t found;
    char *library = must_format("%s/libgorace.so", pattern), *folder = NULL;
    if (glob(library, 0, NULL, &found) == 0) {
        folder = realpath(found.gl_pathv[0], NULL);
        if (folder)
            *strrchr(folder, '/') = 0;
        globfree(&found);
    }
    free(library);
    return folder;
}

char *place_libraries(void)
{
    /* Below bin/: a build, /usr/local, Debian's multiarch, and others' lib64. */
    static const char *const beside[] = {"lib", "lib/*-linux-gnu", "lib64"};
    char self[PATH_MAX];
    const char *wanted = getenv("GORACE_LIBDIR");
    if (wanted && *wanted) {
        char *folder = folder_with_library(wanted);
        if (!folder)
            die("no libgorace.so in GORACE_LIBDIR=%s", wanted);
        return folder;
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n < 0)
        die("/proc is not there; set GORACE_LIBDIR to the folder of libgorace.so");
    self[n] = 0;
    const char *bin = dirname(self);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        char *pattern = must_format("%s/../%s", bin, beside[i]);
        char *folder = folder_with_library(pattern);
        free(pattern);
        if (folder)
            return folder;
    }
    die("libgorace.so not found; set GORACE_LIBDIR to its folder");
}

static bool runs(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISREG(s.st_mode) && access(path, X_OK) == 0;
}

char *place_program(const char *program)
{
    if (strchr(program, '/'))
        return runs(program) ? must_copy(program) : NULL;
    const char *path = getenv("PATH");
    char *folders = must_copy(path ? path : "/bin:/usr/bin"), *rest = folders, *found = NULL;
    for (char *folder; !found && (folder = strsep(&rest, ":"));) {
        found = must_format("%s/%s", *folder ? folder : ".", program);
        if (!runs(found)) {
            free(found);
            found = NULL;
        }
    }
    free(folders);
    return found;
}

static void look_at_symbols(Elf *elf, struct executable *e)
{
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header) || (header.sh_type != SHT_DYNSYM && header.sh_type != SHT_SYMTAB))
            continue;
        Elf_Data *data = elf_getdata(section, NULL);
        GElf_Sym symbol;
        for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
            const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
            if (name && !strncmp(name, "__tsan_func_entry", strlen("__tsan_func_entry"))) {
                e->instrumented = true;
                e->own_tsan |= symbol.st_shndx != SHN_UNDEF;
            }
        }
    }
}

static void look_at_loader(Elf *elf, struct executable *e)
{
    size_t n;
    if (elf_getphdrnum(elf, &n) != 0)
        return;
    for (size_t i = 0; i < n; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_INTERP)
            continue;
        Elf_Data *name = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
        e->dynamic = true;
        e->glibc = name && memmem(name->d_buf, name->d_size, "ld-linux", strlen("ld-linux"));
    }
}

struct executable executable_look(const char *path)
{
    struct executable e = {.elf = false};
    struct stat s;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return e;
    e.privileged = fstat(fd, &s) == 0 && (s.st_mode & (S_ISUID | S_ISGID));
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
    if (elf && elf_kind(elf) == ELF_K_ELF) {
        e.elf = true;
        look_at_loader(elf, &e);
        look_at_symbols(elf, &e);
    }
    elf_end(elf);
    close(fd);
    return e;
}
