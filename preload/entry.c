/* See entry.h.
 *
 * An entry is its directory's device and inode number, and its name: paths may be relative, or spelt in many ways. It has two keys, one
 * for what comes before it is made and one for what comes before it is gone, so that who takes a lock knows of who gave it up, and not of
 * those who were refused. What a call will do is not known before it, and it is told before: who is refused has told of making all the same.
 *
 * The directory is asked for by a system call. So that looking at files costs none in a program that makes other ones, there is a bit for
 * each name, by hash, that was ever to be made or removed: it is set before the real call, and looked at after it.
 *
 * Entries share 2^20 keys, as a key that was released is remembered for ever. As with descriptors, another schedule may find the file as it
 * was: to the order of locks it is what a lock is.
 *
 * Not followed: a symbolic link as the last name (the entry is the link's), names that only readdir sees, what is done to a directory
 * above, and case. */
#include "entry.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "fd_edges.h"
#include "fd_name.h"
#include "raw.h"
#include "touch.h"

enum entry_event { MADE, GONE };

/* The last name of a path, and what stands before it. */
struct name {
    const char *start;
    size_t size;
};

static struct name last_name(const char *path)
{
    size_t end = raw_length(path);
    while (end && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start && path[start - 1] != '/')
        start--;
    return (struct name){path + start, end - start};
}

static uint64_t hash(struct name n)
{
    uint64_t h = n.size;
    for (size_t i = 0; i < n.size; i++)
        h = fd_mix(h, (unsigned char)n.start[i]);
    return h;
}

#define CHANGED_BITS 15
static uint8_t changed[1 << (CHANGED_BITS - 3)]; /* atomic */

static uint8_t *changed_byte(uint64_t h, uint8_t *bit)
{
    h >>= 64 - CHANGED_BITS;
    *bit = (uint8_t)(1 << h % 8);
    return &changed[h / 8];
}

/* The path of a directory is copied onto the stack, which may be a small one: longer paths have no edge. */
#define PARENT_MAX 512

static uint64_t key_of(int at, const char *path, struct name n, uint64_t h, enum entry_event event)
{
    char parent[PARENT_MAX];
    const size_t size = (size_t)(n.start - path);
    struct stat s;
    if (!n.size || size + 2 > sizeof parent)
        return 0;
    raw_copy(parent, size ? path : ".", size ? size : 1);
    parent[size ? size : 1] = 0;
    if (raw_syscall(SYS_newfstatat, at, (long)parent, (long)&s, 0, 0, 0) < 0)
        return 0;
    const uint64_t entry = fd_mix(fd_mix(h, s.st_dev), s.st_ino);
    return FD_KEY(FD_ENTRY, (entry & (((uint64_t)1 << 20) - 1)) << 1 | event);
}

static void changing(struct actor *me, int at, const char *path, enum entry_event event)
{
    fd_tell_inotify(me);
    if (!addressable(path))
        return;
    const struct name n = last_name(path);
    const uint64_t h = hash(n);
    uint8_t bit, *byte = changed_byte(h, &bit);
    __atomic_fetch_or(byte, bit, __ATOMIC_RELEASE);
    const uint64_t key = key_of(at, path, n, h, event);
    if (key)
        sync_release_chance(me, key);
}

static void seen(struct actor *me, int at, const char *path, enum entry_event event)
{
    if (!addressable(path))
        return;
    const struct name n = last_name(path);
    const uint64_t h = hash(n);
    uint8_t bit;
    if (!(__atomic_load_n(changed_byte(h, &bit), __ATOMIC_ACQUIRE) & bit))
        return;
    const uint64_t key = key_of(at, path, n, h, event);
    if (key)
        sync_acquire(me, key);
}

void entry_making(struct actor *me, int at, const char *path)
{
    changing(me, at, path, MADE);
}

void entry_removing(struct actor *me, int at, const char *path)
{
    changing(me, at, path, GONE);
}

void entry_found(struct actor *me, int at, const char *path)
{
    seen(me, at, path, MADE);
}

void entry_missing(struct actor *me, int at, const char *path)
{
    seen(me, at, path, GONE);
}

static bool unnamed(int flags)
{
    return (flags & O_TMPFILE) == O_TMPFILE;
}

void entry_opening(struct actor *me, int at, const char *path, int flags)
{
    if (me && flags & O_CREAT && !unnamed(flags))
        entry_making(me, at, path);
}

void entry_opened(struct actor *me, int at, const char *path, int flags, bool done)
{
    if (!me || unnamed(flags))
        return;
    if (flags & O_CREAT && flags & O_EXCL)
        entry_made(me, at, path, done);
    else if (!(flags & O_CREAT && done)) /* else it may have been there, or not */
        entry_needed(me, at, path, done);
}
