/* Stands in for Valgrind's helgrind.h and drd.h when their test programs are compiled for a detector that is told
 * things through the dynamic-annotation functions (ThreadSanitizer, gorace) and not through Valgrind's client
 * requests.
 *
 * Only what the programs use. A request that only inspects Valgrind itself has no counterpart and is empty. */
#ifndef CONFORMANCE_ANNOTATIONS_H
#define CONFORMANCE_ANNOTATIONS_H

#include <stddef.h>
#include <valgrind.h>

#ifdef __cplusplus
extern "C" {
#endif
void AnnotateHappensBefore(const char *file, int line, const volatile void *addr);
void AnnotateHappensAfter(const char *file, int line, const volatile void *addr);
void AnnotateRWLockCreate(const char *file, int line, const volatile void *lock);
void AnnotateRWLockDestroy(const char *file, int line, const volatile void *lock);
void AnnotateRWLockAcquired(const char *file, int line, const volatile void *lock, long is_writer);
void AnnotateRWLockReleased(const char *file, int line, const volatile void *lock, long is_writer);
void AnnotateBenignRaceSized(const char *file, int line, const volatile void *mem, size_t size, const char *why);
void AnnotateNewMemory(const char *file, int line, const volatile void *mem, size_t size);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);
void AnnotateThreadName(const char *file, int line, const char *name);
#ifdef __cplusplus
}
#endif

#define HERE_ __FILE__, __LINE__

#define ANNOTATE_HAPPENS_BEFORE(addr) AnnotateHappensBefore(HERE_, (const volatile void *)(addr))
#define ANNOTATE_HAPPENS_AFTER(addr) AnnotateHappensAfter(HERE_, (const volatile void *)(addr))
#define ANNOTATE_HAPPENS_DONE(addr) ((void)(addr))
#define ANNOTATE_CONDVAR_SIGNAL(cv) ANNOTATE_HAPPENS_BEFORE(cv)
#define ANNOTATE_CONDVAR_WAIT(cv) ANNOTATE_HAPPENS_AFTER(cv)
#define ANNOTATE_CONDVAR_LOCK_WAIT(cv, lock) ANNOTATE_HAPPENS_AFTER(cv)
#define ANNOTATE_PCQ_CREATE(pcq) ((void)(pcq))
#define ANNOTATE_PCQ_DESTROY(pcq) ((void)(pcq))
#define ANNOTATE_PCQ_PUT(pcq) ANNOTATE_HAPPENS_BEFORE(pcq)
#define ANNOTATE_PCQ_GET(pcq) ANNOTATE_HAPPENS_AFTER(pcq)
/* Neither detector knows a mutex that orders by signalling, nor publication; unlock -> lock is an edge anyway. */
#define ANNOTATE_MUTEX_IS_USED_AS_CONDVAR(mu) ((void)(mu))
#define ANNOTATE_PUBLISH_MEMORY_RANGE(addr, size) ((void)(addr))
#define ANNOTATE_UNPUBLISH_MEMORY_RANGE(addr, size) ((void)(addr))

#define ANNOTATE_RWLOCK_CREATE(lock) AnnotateRWLockCreate(HERE_, (const volatile void *)(lock))
#define ANNOTATE_RWLOCK_DESTROY(lock) AnnotateRWLockDestroy(HERE_, (const volatile void *)(lock))
#define ANNOTATE_RWLOCK_ACQUIRED(lock, w) AnnotateRWLockAcquired(HERE_, (const volatile void *)(lock), w)
#define ANNOTATE_RWLOCK_RELEASED(lock, w) AnnotateRWLockReleased(HERE_, (const volatile void *)(lock), w)
#define ANNOTATE_READERLOCK_ACQUIRED(lock) ANNOTATE_RWLOCK_ACQUIRED(lock, 0)
#define ANNOTATE_READERLOCK_RELEASED(lock) ANNOTATE_RWLOCK_RELEASED(lock, 0)
#define ANNOTATE_WRITERLOCK_ACQUIRED(lock) ANNOTATE_RWLOCK_ACQUIRED(lock, 1)
#define ANNOTATE_WRITERLOCK_RELEASED(lock) ANNOTATE_RWLOCK_RELEASED(lock, 1)

/* A semaphore and a barrier are each a clock that posters give to and waiters take from. */
#define ANNOTATE_SEM_INIT_PRE(sem, value) ((void)(sem), (void)(value))
#define ANNOTATE_SEM_DESTROY_POST(sem) ((void)(sem))
#define ANNOTATE_SEM_WAIT_PRE(sem) ((void)(sem))
#define ANNOTATE_SEM_WAIT_POST(sem) ANNOTATE_HAPPENS_AFTER(sem)
#define ANNOTATE_SEM_POST_PRE(sem) ANNOTATE_HAPPENS_BEFORE(sem)
#define ANNOTATE_BARRIER_INIT(bar, count, again) ((void)(bar), (void)(count))
#define ANNOTATE_BARRIER_DESTROY(bar) ((void)(bar))
#define ANNOTATE_BARRIER_WAIT_BEFORE(bar) ANNOTATE_HAPPENS_BEFORE(bar)
#define ANNOTATE_BARRIER_WAIT_AFTER(bar) ANNOTATE_HAPPENS_AFTER(bar)

#define ANNOTATE_BENIGN_RACE_SIZED(addr, size, why) \
    AnnotateBenignRaceSized(HERE_, (const volatile void *)(addr), size, why)
#define ANNOTATE_BENIGN_RACE(addr, why) ANNOTATE_BENIGN_RACE_SIZED(addr, sizeof(*(addr)), why)
#define ANNOTATE_NEW_MEMORY(addr, size) AnnotateNewMemory(HERE_, (const volatile void *)(addr), size)
#define ANNOTATE_IGNORE_READS_BEGIN() AnnotateIgnoreReadsBegin(HERE_)
#define ANNOTATE_IGNORE_READS_END() AnnotateIgnoreReadsEnd(HERE_)
#define ANNOTATE_IGNORE_WRITES_BEGIN() AnnotateIgnoreWritesBegin(HERE_)
#define ANNOTATE_IGNORE_WRITES_END() AnnotateIgnoreWritesEnd(HERE_)
#define ANNOTATE_IGNORE_READS_AND_WRITES_BEGIN() (ANNOTATE_IGNORE_READS_BEGIN(), ANNOTATE_IGNORE_WRITES_BEGIN())
#define ANNOTATE_IGNORE_READS_AND_WRITES_END() (ANNOTATE_IGNORE_WRITES_END(), ANNOTATE_IGNORE_READS_END())
#define ANNOTATE_THREAD_NAME(name) AnnotateThreadName(HERE_, name)
#define ANNOTATE_TRACE_MEMORY(addr) ((void)(addr))
#define ANNOTATE_EXPECT_RACE(addr, why) ((void)(addr))
#define ANNOTATE_NO_OP(arg) ((void)(arg))
#define ANNOTATE_FLUSH_STATE() ((void)0)

#ifdef __cplusplus
#define ANNOTATE_UNPROTECTED_READ(x) \
    __extension__({ \
        ANNOTATE_IGNORE_READS_BEGIN(); \
        __typeof__((x) + 0) value_ = (x); \
        ANNOTATE_IGNORE_READS_END(); \
        value_; \
    })
namespace conformance
{
struct benign {
    benign(const volatile void *p, size_t n, const char *why)
    {
        AnnotateBenignRaceSized(HERE_, p, n, why);
    }
};
} // namespace conformance
#define ANNOTATE_BENIGN_RACE_STATIC(var, why) static conformance::benign var##_benign(&var, sizeof(var), why)
#endif

#define VALGRIND_HG_DISABLE_CHECKING(addr, size) ANNOTATE_BENIGN_RACE_SIZED(addr, size, "checking disabled")
#define VALGRIND_HG_ENABLE_CHECKING(addr, size) ((void)(addr))
#define VALGRIND_HG_CLEAN_MEMORY(addr, size) ANNOTATE_NEW_MEMORY(addr, size)
#define VALGRIND_HG_GET_ABITS(addr, bits, size) (0)
#define DRD_GET_VALGRIND_THREADID (0)
#define DRD_GET_DRD_THREADID (0)
#define DRD_IGNORE_VAR(x) ANNOTATE_BENIGN_RACE_SIZED(&(x), sizeof(x), "ignored")
#define DRD_STOP_IGNORING_VAR(x) ((void)&(x))
#define DRD_TRACE_VAR(x) ((void)&(x))
#define DRD_STOP_TRACING_VAR(x) ((void)&(x))

#endif
