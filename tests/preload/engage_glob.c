/* Names by pattern, attributes of files, ioctl. */
#include <linux/fs.h>

#include "engage.h"

#define GLOBS(name, release, type) \
    CASE(name) \
    { \
        static char pattern[] = "/dev/nul?"; \
        static type found; \
        CHECK(CALL(name)(pattern, 0, NULL, &found) == 0 && found.gl_pathc == 1); \
        READS(pattern, sizeof pattern); \
        WRITES(&found, sizeof found); \
    } \
    CASE(release) \
    { \
        static type found; \
        CHECK(name("/dev/nul?", 0, NULL, &found) == 0); \
        from_here(); \
        CALL(release)(&found); \
        CHECK(found.gl_pathv == NULL); \
        WRITES(&found, sizeof found); \
    }
GLOBS(glob, globfree, glob_t)
GLOBS(glob64, globfree64, glob64_t)

static char words[] = "some 'two words'";
static wordexp_t found;

CASE(wordexp)
{
    CHECK(CALL(wordexp)(words, &found, 0) == 0 && found.we_wordc == 2 && strcmp(found.we_wordv[1], "two words") == 0);
    READS(words, sizeof words);
    WRITES(&found, sizeof found);
}

CASE(wordfree)
{
    CHECK(wordexp(words, &found, 0) == 0);
    from_here();
    CALL(wordfree)(&found);
    CHECK(found.we_wordv == NULL);
    WRITES(&found, sizeof found);
}

/* ---- attributes: a file system need not have them; the value of one that is refused was read all the same ----------------- */

static char path[] = "/tmp/gorace-xattr-XXXXXX", name[] = "user.gorace", value[] = "value", to[256];

static int place(bool with)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    if (with && fsetxattr(fd, name, value, sizeof value, 0) != 0)
        with = false;
    from_here();
    return fd;
}

static void got(ssize_t n, size_t size, const char *what)
{
    if (n >= 0) {
        CHECK(n >= (ssize_t)size && memmem(to, (size_t)n, what, size));
        WRITES(to, (size_t)n);
    } else {
        CHECK(errno == ENOTSUP || errno == ENODATA);
    }
    unlink(path);
}

#define GETS_ATTRIBUTE(function, file, named) \
    CASE(function) \
    { \
        int fd = place(true); \
        (void)fd; \
        got(CALL(function)(file, name, to, sizeof to), sizeof value, value); \
        READS(name, sizeof name); \
        named; \
    }
#define SETS(function, file, named) \
    CASE(function) \
    { \
        int fd = place(false); \
        (void)fd; \
        CHECK(CALL(function)(file, name, value, sizeof value, 0) == 0 || errno == ENOTSUP); \
        READS(name, sizeof name); \
        READS(value, sizeof value); \
        named; \
        unlink(path); \
    }
#define LISTS(function, file, named) \
    CASE(function) \
    { \
        int fd = place(true); \
        (void)fd; \
        ssize_t n = CALL(function)(file, to, sizeof to); \
        named; \
        if (n == 0) \
            unlink(path); \
        else \
            got(n, sizeof name, name); \
    }
#define PATH READS(path, sizeof path)
#define DESCRIPTOR (void)0
GETS_ATTRIBUTE(getxattr, path, PATH)
GETS_ATTRIBUTE(lgetxattr, path, PATH)
GETS_ATTRIBUTE(fgetxattr, fd, DESCRIPTOR)
SETS(setxattr, path, PATH)
SETS(lsetxattr, path, PATH)
SETS(fsetxattr, fd, DESCRIPTOR)
LISTS(listxattr, path, PATH)
LISTS(llistxattr, path, PATH)
LISTS(flistxattr, fd, DESCRIPTOR)

/* ---- ioctl ------------------------------------------------------------------------------------------------------------ */

CASE(ioctl)
{
    int ends[2], n = 0, on = 1;
    CHECK(pipe(ends) == 0 && write(ends[1], "four", 4) == 4);
    CHECK(CALL(ioctl)(ends[0], FIONREAD, &n) == 0 && n == 4);
    WRITES(&n, sizeof n);
    CHECK(CALL(ioctl)(ends[0], FIONBIO, &on) == 0 && fcntl(ends[0], F_GETFL) & O_NONBLOCK);
    READS(&on, sizeof on);
    struct winsize size;
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(terminal >= 0 && CALL(ioctl)(terminal, TIOCGWINSZ, &size) == 0);
    WRITES(&size, sizeof size);
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct ifreq request = {.ifr_name = "lo"};
    CHECK(s >= 0 && CALL(ioctl)(s, SIOCGIFFLAGS, &request) == 0 && request.ifr_flags & IFF_LOOPBACK);
    READS(&request, sizeof request);
    WRITES(&request, sizeof request);
    struct ifreq all[16];
    struct ifconf c = {.ifc_len = sizeof all, .ifc_req = all};
    CHECK(CALL(ioctl)(s, SIOCGIFCONF, &c) == 0 && c.ifc_len > 0);
    WRITES(all, (size_t)c.ifc_len);
    from_here();
    CHECK(CALL(ioctl)(s, SIOCGIFFLAGS, NULL) == -1 && errno == EFAULT);
}
