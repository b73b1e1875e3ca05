/* Files and what else blocks the thread: through the hand-off, while other goroutines run, also with one processor. */
#include <fcntl.h>
#include <sys/poll.h>
#include <sys/stat.h>

#include "net.h"

static char folder[] = "/tmp/goro-file-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

GORO_TEST(a_file_is_written_and_read)
{
    enum { SIZE = 1 << 20 };
    struct stat status;
    unsigned char *bytes = malloc(SIZE), *again = malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = byte_at(i);
    int fd = goro_open(path_of("file"), O_RDWR | O_CREAT, 0600);
    CHECK(fd >= 0);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK_EQ(goro_write_full(fd, bytes, SIZE, GORO_FOREVER), SIZE);
    CHECK_EQ(goro_fsync(fd), 0);
    CHECK_EQ(goro_fstat(fd, &status), 0);
    CHECK_EQ(status.st_size, SIZE);
    CHECK_EQ(goro_read(fd, again, 1, GORO_FOREVER), 0);
    CHECK_EQ(goro_pread(fd, again, SIZE, 0), SIZE);
    CHECK(memcmp(bytes, again, SIZE) == 0);
    /* Past the end: what there is, then nothing. */
    CHECK_EQ(goro_pread(fd, again, 100, SIZE - 10), 10);
    CHECK(memcmp(bytes + SIZE - 10, again, 10) == 0);
    CHECK_EQ(goro_pread(fd, again, 100, SIZE), 0);
    CHECK_EQ(goro_pwrite(fd, "xyz", 3, 5), 3);
    CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
    CHECK_EQ(goro_read_full(fd, again, 5, GORO_FOREVER), 5);
    CHECK(again[0] == bytes[4] && memcmp(again + 1, "xyz", 3) == 0 && again[4] == bytes[8]);
    /* Never waits for the poller, so a deadline that has passed is none. */
    CHECK_EQ(goro_read(fd, again, 1, 1), 1);
    CHECK_EQ(goro_wait_fd(fd, POLLIN, 1), 0);
    CHECK_EQ(goro_close(fd), 0);
    CHECK_EQ(goro_stat(path_of("file"), &status), 0);
    CHECK_EQ(status.st_size, SIZE);
    free(bytes);
    free(again);
}

GORO_TEST(errors_of_files)
{
    struct stat status;
    char byte = 0;
    CHECK_EQ(goro_open(path_of("none"), O_RDONLY, 0), -ENOENT);
    CHECK_EQ(goro_stat(path_of("none"), &status), -ENOENT);
    CHECK_EQ(goro_pread(-1, &byte, 1, 0), -EBADF);
    CHECK_EQ(goro_fsync(1000000), -EBADF);
    int fd = goro_open(path_of("only-read"), O_RDONLY | O_CREAT, 0600);
    CHECK_EQ(goro_pwrite(fd, &byte, 1, 0), -EBADF);
    CHECK_EQ(goro_pread(fd, &byte, 1, -1), -EINVAL);
    CHECK_EQ(goro_close(fd), 0);
    fd = goro_open(folder, O_RDONLY | O_DIRECTORY, 0);
    CHECK_EQ(goro_read(fd, &byte, 1, GORO_FOREVER), -EISDIR);
    CHECK_EQ(goro_close(fd), 0);
}

GORO_TEST(devices_that_epoll_does_not_take)
{
    char bytes[4] = "abc";
    int fd = goro_open("/dev/null", O_RDWR, 0);
    CHECK_EQ(goro_write(fd, bytes, 4, GORO_FOREVER), 4);
    CHECK_EQ(goro_read(fd, bytes, 4, GORO_FOREVER), 0);
    CHECK_EQ(goro_close(fd), 0);
    fd = goro_open("/dev/zero", O_RDONLY, 0);
    CHECK_EQ(goro_read(fd, bytes, 4, GORO_FOREVER), 4);
    CHECK(memcmp(bytes, "\0\0\0", 4) == 0);
    CHECK_EQ(goro_close(fd), 0);
}

static void open_writer(const char *path, int *fd)
{
    *fd = goro_open(path, O_WRONLY, 0);
    finish();
}

/* Opening a FIFO blocks the thread until the other side does the same: without the hand-off one processor is not enough. */
GORO_TEST(a_blocking_open_lets_others_run)
{
    int writer = -1;
    char byte;
    const char *path = path_of("fifo");
    CHECK_EQ(mkfifo(path, 0600), 0);
    CHECK_EQ(goro_go(open_writer, path, &writer), 0);
    int reader = goro_open(path, O_RDONLY, 0);
    wait_finished(1);
    CHECK(reader >= 0 && writer >= 0);
    /* From then on it waits in the poller. */
    CHECK_EQ(goro_read(reader, &byte, 1, 1), -ETIMEDOUT);
    CHECK_EQ(goro_write(writer, "x", 1, GORO_FOREVER), 1);
    CHECK_EQ(goro_read(reader, &byte, 1, GORO_FOREVER), 1);
    close_pair((int[]){reader, writer});
}

static void read_standard_input(ssize_t *result)
{
    char byte = 0;
    *result = goro_read(STDIN_FILENO, &byte, 1, GORO_FOREVER) == 1 ? byte : -1;
    finish();
}

/* Others share the standard streams: they stay blocking, and are read through the hand-off. */
GORO_TEST(standard_streams_stay_blocking)
{
    int fds[2], saved = dup(STDIN_FILENO);
    ssize_t result = -1;
    char byte;
    CHECK_EQ(pipe(fds), 0);
    CHECK_EQ(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
    CHECK_EQ(goro_read(STDIN_FILENO, &byte, 1, goro_now() + GORO_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(goro_go(read_standard_input, &result), 0);
    for (int i = 0; i < 100; i++)
        goro_yield();
    CHECK_EQ(goro_write(fds[1], "x", 1, GORO_FOREVER), 1);
    wait_finished(1);
    CHECK_EQ(result, 'x');
    CHECK_EQ(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK, 0);
    CHECK_EQ(dup2(saved, STDIN_FILENO), STDIN_FILENO);
    close(saved);
    close_pair(fds);
}

static void use_files(int number)
{
    char path[128], bytes[32], again[32] = "";
    snprintf(path, sizeof path, "%s/many-%d", folder, number);
    for (int i = 0; i < 20; i++) {
        int size = snprintf(bytes, sizeof bytes, "%d %d", number, i);
        int fd = goro_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        CHECK(fd >= 0);
        CHECK_EQ(goro_pwrite(fd, bytes, (size_t)size, 0), size);
        CHECK_EQ(goro_pread(fd, again, sizeof again, 0), size);
        CHECK(memcmp(bytes, again, (size_t)size) == 0);
        CHECK_EQ(goro_close(fd), 0);
    }
    CHECK_EQ(unlink(path), 0);
    finish();
}

GORO_TEST(many_use_files)
{
    for (int i = 0; i < 50; i++)
        CHECK_EQ(goro_go(use_files, i), 0);
    wait_finished(50);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path_of("file"));
    unlink(path_of("only-read"));
    unlink(path_of("fifo"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_written_and_read),       cmocka_unit_test(errors_of_files),
        cmocka_unit_test(devices_that_epoll_does_not_take), cmocka_unit_test(a_blocking_open_lets_others_run),
        cmocka_unit_test(standard_streams_stay_blocking),   cmocka_unit_test(many_use_files),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
