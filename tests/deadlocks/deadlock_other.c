/* Cycles of waits through join, once, signal handlers and fork. */
#include "thread.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct schedule steps;
static bool right; /* the twin runs */

static void *deadlock_join_with_lock_thread(void *arg)
{
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
    return arg;
}

/* Joins a thread with the lock that it needs to end. */
void deadlock_join_with_lock(bool fixed)
{
    pthread_mutex_lock(&lock); // HELD
    pthread_t thread = begin(deadlock_join_with_lock_thread, NULL);
    if (fixed)
        pthread_mutex_unlock(&lock);
    finish(thread); // WAITS
    if (!fixed)
        pthread_mutex_unlock(&lock);
}

static pthread_t ring[3];

static void *deadlock_join_ring_thread(void *arg)
{
    int number = *(int *)arg;

    await(&steps, 1);
    if (!right || number < 2)
        pthread_join(ring[(number + 1) % 3], NULL); // WAITS
    return NULL;
}

/* Each of three joins the next. The last of the twin joins nobody. */
void deadlock_join_ring(bool fixed)
{
    static int numbers[] = {0, 1, 2};

    right = fixed;
    for (int i = 0; i < 3; i++)
        ring[i] = begin(deadlock_join_ring_thread, &numbers[i]);
    step(&steps, 1);
    if (fixed)
        finish(ring[0]);
    else
        pthread_exit(NULL);
}

static pthread_t main_thread;

static void *deadlock_join_main_thread(void *arg)
{
    if (!right)
        pthread_join(main_thread, NULL); // WAITS
    return arg;
}

static void *deadlock_join_main_middle(void *arg)
{
    pthread_t thread = begin(deadlock_join_main_thread, NULL);

    finish(thread); // WAITS
    return arg;
}

/* A thread waits for main to end, which waits, by way of another, for it. */
void deadlock_join_main(bool fixed)
{
    right = fixed;
    main_thread = pthread_self();
    finish(begin(deadlock_join_main_middle, NULL)); // WAITS
}

static pthread_once_t once = PTHREAD_ONCE_INIT, other_once = PTHREAD_ONCE_INIT;

static void nothing(void)
{
}

static void deadlock_once_itself_init(void)
{
    pthread_once(right ? &other_once : &once, nothing); // WAITS
}

/* The function of a pthread_once calls it again. */
void deadlock_once_itself(bool fixed)
{
    right = fixed;
    pthread_once(&once, deadlock_once_itself_init); // HELD
}

static void deadlock_once_and_lock_init(void)
{
    if (!right) {
        step(&steps, 1);
        await(&steps, 2);
    }
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
}

static void *deadlock_once_and_lock_thread(void *arg)
{
    pthread_once(&once, deadlock_once_and_lock_init); // HELD
    return arg;
}

/* One is inside of the once and wants the lock; one has the lock and waits for the once to be over. */
void deadlock_once_and_lock(bool fixed)
{
    right = fixed;
    pthread_t thread = begin(deadlock_once_and_lock_thread, NULL);
    if (!fixed)
        await(&steps, 1);
    else
        pthread_once(&once, deadlock_once_and_lock_init); /* before the lock, not under it */
    pthread_mutex_lock(&lock); // HELD
    step(&steps, 2);
    pthread_once(&once, deadlock_once_and_lock_init); // WAITS
    pthread_mutex_unlock(&lock);
    finish(thread);
}

static volatile sig_atomic_t deadlock_handler_pending;

static void deadlock_handler_locks(int signal)
{
    (void)signal;
    if (right) {
        deadlock_handler_pending = 1;
        return;
    }
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
}

/* A signal handler wants the lock of the code that it interrupts. The twin's only leaves a note. */
void deadlock_handler(bool fixed)
{
    right = fixed;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = deadlock_handler_locks}, NULL);
    pthread_mutex_lock(&lock); // HELD
    raise(SIGUSR1);
    pthread_mutex_unlock(&lock);
    if (fixed && !deadlock_handler_pending)
        pattern_fail("the handler did not run");
}

static void *deadlock_fork_holder(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    step(&steps, 1);
    await(&steps, 2);
    pthread_mutex_unlock(&lock);
    return NULL;
}

/* fork while another thread has the lock: the child has the lock and not the thread. The twin's child makes the lock
 * anew. */
void deadlock_fork(bool fixed)
{
    pthread_t holder = begin(deadlock_fork_holder, NULL);
    int status;
    pid_t child;

    await(&steps, 1);
    child = fork();
    if (child == 0) {
        if (fixed)
            pthread_mutex_init(&lock, NULL);
        pthread_mutex_lock(&lock); // WAITS
        pthread_mutex_unlock(&lock);
        _exit(0);
    }
    step(&steps, 2);
    finish(holder);
    if (waitpid(child, &status, 0) != child)
        pattern_fail("waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status))
        _exit(WEXITSTATUS(status));
}

static void deadlock_atfork_prepare(void)
{
    pthread_mutex_lock(&lock); // HELD
}

static void deadlock_atfork_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void deadlock_atfork_child(void)
{
    if (right)
        pthread_mutex_init(&lock, NULL);
}

/* The handler of fork takes the lock, and the child's does not give it back. The twin's makes it anew, as allocators do. */
void deadlock_atfork(bool fixed)
{
    int status;
    pid_t child;

    right = fixed;
    pthread_atfork(deadlock_atfork_prepare, deadlock_atfork_parent, deadlock_atfork_child);
    child = fork();
    if (child == 0) {
        pthread_mutex_lock(&lock); // WAITS
        pthread_mutex_unlock(&lock);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child)
        pattern_fail("waitpid");
    if (WIFEXITED(status) && WEXITSTATUS(status))
        _exit(WEXITSTATUS(status));
}

static void *deadlock_cancel_thread(void *arg)
{
    int type = right ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;

    pthread_setcancelstate(type, NULL);
    pthread_mutex_lock(&lock); // HELD
    step(&steps, 1);
    await(&steps, 2);
    pthread_testcancel();
    pthread_mutex_unlock(&lock);
    return arg;
}

/* A thread is cancelled with the lock, and nobody gives it back. The twin may not be cancelled there. */
void deadlock_cancel(bool fixed)
{
    right = fixed;
    pthread_t thread = begin(deadlock_cancel_thread, NULL);
    await(&steps, 1);
    pthread_cancel(thread);
    step(&steps, 2);
    finish(thread);
    pthread_mutex_lock(&lock); // WAITS
    pthread_mutex_unlock(&lock);
}
