/* Build tool: gives a shared library a second SONAME.   second_soname LIBRARY
 *
 * libgorace.so has to answer to libtsan.so.2, so that the loader takes it where a gcc -fsanitize=thread program asks
 * for that, and has to be called libgorace.so in a system folder, where ldconfig would enter a file with the SONAME
 * libtsan.so.2 as everybody's libtsan.so.2 (also through a symbolic link: tried). A thin library that needs the real one
 * does not help: what a preloaded library needs comes after libc.so.6 in the search order, and after gcc's own
 * libtsan.so.2 is loaded (tried).
 *
 * The way out: the loader takes the last DT_SONAME of a file, ldconfig the first. The library is linked with
 * -soname=libgorace.so and --auxiliary=libtsan.so.2, which is only a means to get that string and a tag into the
 * dynamic section; this program turns the tag DT_AUXILIARY into DT_SONAME and puts the two in order.
 * tests/preload/check_soname.sh asks a real loader and a real ldconfig. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *file, const char *why)
{
    fprintf(stderr, "second_soname: %s: %s\n", file, why);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return fail("usage", "second_soname LIBRARY");
    int fd = open(argv[1], O_RDWR);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) || (size_t)st.st_size < sizeof(Elf64_Ehdr))
        return fail(argv[1], "cannot open");
    char *file = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (file == MAP_FAILED)
        return fail(argv[1], "cannot map");
    Elf64_Ehdr *header = (Elf64_Ehdr *)file;
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) || header->e_ident[EI_CLASS] != ELFCLASS64)
        return fail(argv[1], "not a 64-bit ELF file");

    Elf64_Phdr *segment = (Elf64_Phdr *)(file + header->e_phoff);
    Elf64_Dyn *soname = NULL, *second = NULL;
    for (int i = 0; i < header->e_phnum; i++) {
        if (segment[i].p_type != PT_DYNAMIC)
            continue;
        for (Elf64_Dyn *d = (Elf64_Dyn *)(file + segment[i].p_offset); d->d_tag != DT_NULL; d++) {
            if (d->d_tag == DT_SONAME)
                soname = d;
            else if (d->d_tag == DT_AUXILIARY)
                second = d;
        }
    }
    if (!soname || !second)
        return fail(argv[1], "wants one DT_SONAME and one DT_AUXILIARY");

    second->d_tag = DT_SONAME;
    if (second < soname) {
        Elf64_Xword name = soname->d_un.d_val;
        soname->d_un.d_val = second->d_un.d_val;
        second->d_un.d_val = name;
    }
    return msync(file, st.st_size, MS_SYNC) ? fail(argv[1], "cannot write") : 0;
}
