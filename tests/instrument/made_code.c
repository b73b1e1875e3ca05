/* Two threads race, in a way that no atomic operation has. `made_code made`: in a process that has made code at run time, which nobody
 * sees; `made_code file`: in one that has written such code through another mapping of the same memory file. */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static long shared;
static pthread_barrier_t both;

static void *work(void *arg)
{
    pthread_barrier_wait(&both);
    __asm__ volatile("incq %0" : "+m"(shared));
    return arg;
}

int main(int argc, char **argv)
{
    static const unsigned char code[] = {0x31, 0xc0, 0xc3}; /* return 0; */
    pthread_t t[2];
    int (*made)(void) = NULL;
    if (argc > 1 && strcmp(argv[1], "made") == 0) {
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        memcpy(p, code, sizeof code);
        made = (int (*)(void))p;
    } else if (argc > 1 && strcmp(argv[1], "file") == 0) {
        int fd = memfd_create("code", 0);
        if (fd < 0 || ftruncate(fd, 4096) != 0)
            return 1;
        void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        memcpy(p, code, sizeof code);
        made = (int (*)(void))mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
    pthread_barrier_init(&both, NULL, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, work, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    return made ? made() : 0;
}
