/* What the existence of a file orders: who finds it, or finds it gone, knows what was done before it was made, or taken away. */
#include <dirent.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "pass.h"

static char there[] = "/tmp/cases_file.XXXXXX", lock[64], other_name[64];

static void place(void)
{
    CHECK(mkdtemp(there) != NULL && chdir(there) == 0);
    snprintf(lock, sizeof lock, "%s/lock", there);
    snprintf(other_name, sizeof other_name, "%s/other", there);
}

static void leave(void)
{
    unlink("lock");
    unlink("other");
    rmdir("lock");
    OK(chdir("/"));
    OK(rmdir(there));
}

static void in_place(void (*giving)(void), void (*taking)(void))
{
    pass(giving, taking);
    leave();
}

/* Without a descriptor: the number of one that is closed and given out again is an edge as well. */
static void make(const char *name)
{
    OK(mknod(name, S_IFREG | 0600, 0));
}

/* ---- lock files ----------------------------------------------------------------------------------------------------- */

static void take_lock(void)
{
    CHECK(openat(AT_FDCWD, "lock", O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0);
}

static void give_lock(void)
{
    OK(unlink(lock));
}

static void norace_lock_file(void)
{
    place();
    make(lock);
    in_place(give_lock, take_lock);
}

static void rename_lock(void)
{
    OK(rename(lock, other_name));
}

static void norace_lock_file_renamed(void)
{
    place();
    make(lock);
    in_place(rename_lock, take_lock);
}

static void take_by_fopen(void)
{
    CHECK(fopen("lock", "wx") != NULL);
}

static void norace_lock_file_by_fopen(void)
{
    place();
    make(lock);
    in_place(give_lock, take_by_fopen);
}

static void link_lock(void)
{
    OK(link(other_name, lock));
}

static void norace_lock_file_by_link(void)
{
    place();
    make(other_name);
    make(lock);
    in_place(give_lock, link_lock);
}

static void symlink_lock(void)
{
    OK(symlink("somebody", "./lock"));
}

static void norace_lock_file_by_symlink(void)
{
    place();
    symlink_lock();
    in_place(give_lock, symlink_lock);
}

static void give_directory(void)
{
    OK(rmdir(lock));
}

static void take_directory(void)
{
    OK(mkdir("lock/", 0700));
}

static void norace_lock_directory(void)
{
    place();
    take_directory();
    in_place(give_directory, take_directory);
}

/* Who takes a lock learns nothing of who gave another one up ... */
static void give_another(void)
{
    OK(unlink(other_name));
}

static void race_another_lock_file(void)
{
    place();
    make(other_name);
    in_place(give_another, take_lock);
}

/* ... and nothing of those who were refused. */
static void be_refused(void)
{
    CHECK(open(lock, O_CREAT | O_EXCL | O_WRONLY, 0600) == -1 && errno == EEXIST);
}

static void take_when_another_process_gives(void)
{
    OK(syscall(SYS_unlink, lock));
    take_lock();
}

static void race_refused(void)
{
    place();
    make(lock);
    in_place(be_refused, take_when_another_process_gives);
}

/* ---- files that one makes and another one looks for ------------------------------------------------------------------- */

static void make_lock(void)
{
    make(lock);
}

static void open_new(void)
{
    CHECK(open(lock, O_CREAT | O_WRONLY, 0600) >= 0);
}

static void look(void)
{
    struct stat found;
    OK(stat("lock", &found));
}

static void norace_file_made(void)
{
    place();
    in_place(make_lock, look);
}

static void norace_file_opened(void)
{
    place();
    in_place(open_new, look);
}

static void look_by_access(void)
{
    OK(access("lock", F_OK));
}

static void norace_file_made_accessed(void)
{
    place();
    in_place(make_lock, look_by_access);
}

static void rename_to_lock(void)
{
    OK(rename("other", "lock"));
}

static void open_lock(void)
{
    CHECK(open(lock, O_RDONLY) >= 0);
}

static void norace_file_renamed(void)
{
    place();
    make(other_name);
    in_place(rename_to_lock, open_lock);
}

static void write_by_fopen(void)
{
    CHECK(fopen("lock", "w") != NULL);
}

static void norace_file_by_fopen(void)
{
    place();
    in_place(write_by_fopen, look);
}

static void find_gone(void)
{
    CHECK(access(lock, F_OK) == -1 && errno == ENOENT);
}

static void norace_file_gone(void)
{
    place();
    make(lock);
    in_place(give_lock, find_gone);
}

static void enter(void)
{
    DIR *d = opendir("lock");
    CHECK(d != NULL);
    OK(closedir(d));
}

static void norace_directory_made(void)
{
    place();
    in_place(take_directory, enter);
}

/* A token: who takes the file away may go on. */
static void norace_token(void)
{
    place();
    in_place(make_lock, give_lock);
}

static void look_for_another(void)
{
    OK(access("other", F_OK));
}

static void race_another_file_made(void)
{
    place();
    make(other_name);
    in_place(make_lock, look_for_another);
}

/* That it was not there yet says nothing to who makes it. */
static void find_it_not_yet(void)
{
    CHECK(access("lock", F_OK) == -1 && errno == ENOENT);
}

static void race_file_not_yet_made(void)
{
    place();
    in_place(find_it_not_yet, make_lock);
}

/* ---- shared memory, sockets with a path --------------------------------------------------------------------------------- */

static char shared[32];

static void give_shared(void)
{
    OK(shm_unlink(shared));
}

static void take_shared(void)
{
    CHECK(shm_open(shared + 1, O_CREAT | O_EXCL | O_RDWR, 0600) >= 0);
}

static void norace_lock_of_shared_memory(void)
{
    snprintf(shared, sizeof shared, "/cases_file.%d", (int)getpid());
    take_shared();
    pass(give_shared, take_shared);
    give_shared();
}

static void bind_lock(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "lock"};
    OK(bind(socket(AF_UNIX, SOCK_DGRAM, 0), (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + 4));
}

static void norace_socket_made(void)
{
    place();
    in_place(bind_lock, look);
}

/* ---- the size of a file --------------------------------------------------------------------------------------------------- */

static int file;

static void grow(void)
{
    CHECK(write(file, "x", 1) == 1);
}

static void cut(void)
{
    OK(ftruncate(file, 1));
}

static void see_size(void)
{
    struct stat found;
    OK(fstat(file, &found));
    CHECK(found.st_size == 1);
}

static void see_size_by_name(void)
{
    struct stat found;
    OK(stat("lock", &found));
    CHECK(found.st_size == 1);
}

static void open_file(void)
{
    place();
    CHECK((file = open("lock", O_CREAT | O_RDWR, 0600)) >= 0);
}

static void norace_file_grown(void)
{
    open_file();
    in_place(grow, see_size);
}

static void norace_file_grown_by_name(void)
{
    open_file();
    in_place(grow, see_size_by_name);
}

static void norace_file_cut(void)
{
    open_file();
    in_place(cut, see_size);
}

static void see_other(void)
{
    struct stat found;
    OK(stat("/proc/self/exe", &found));
}

static void race_other_file_grown(void)
{
    open_file();
    in_place(grow, see_other);
}

#define CASES(X) \
    X(norace_lock_file) X(norace_lock_file_renamed) X(norace_lock_file_by_fopen) X(norace_lock_file_by_link) \
    X(norace_lock_file_by_symlink) X(norace_lock_directory) X(race_another_lock_file) X(race_refused) \
    X(norace_file_made) X(norace_file_opened) X(norace_file_made_accessed) X(norace_file_renamed) X(norace_file_by_fopen) \
    X(norace_file_gone) X(norace_directory_made) X(norace_token) X(race_another_file_made) X(race_file_not_yet_made) \
    X(norace_lock_of_shared_memory) X(norace_socket_made) X(norace_file_grown) X(norace_file_grown_by_name) \
    X(norace_file_cut) X(race_other_file_grown)
CASES_MAIN
