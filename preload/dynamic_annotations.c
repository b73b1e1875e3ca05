/* The dynamic annotations of glib, Qt, abseil and folly, which they have from Valgrind and ThreadSanitizer. */
#include "benign.h"
#include "interpose.h"
#include "told.h"

#pragma GCC diagnostic ignored "-Wunused-parameter" /* hooks with nothing to do */

#define PLACE const char *file, int line
#define OBJECT PLACE, const volatile void *addr

HOOK(void, AnnotateHappensBefore, (OBJECT))
{
    told_release(addr);
}
HOOK(void, AnnotateHappensAfter, (OBJECT))
{
    told_acquire(addr);
}
HOOK(void, WTFAnnotateHappensBefore, (OBJECT))
{
    told_release(addr);
}
HOOK(void, WTFAnnotateHappensAfter, (OBJECT))
{
    told_acquire(addr);
}
HOOK(void, AnnotateIgnoreReadsBegin, (PLACE))
{
    told_ignore_reads(1);
}
HOOK(void, AnnotateIgnoreReadsEnd, (PLACE))
{
    told_ignore_reads(-1);
}
HOOK(void, AnnotateIgnoreWritesBegin, (PLACE))
{
    told_ignore_writes(1);
}
HOOK(void, AnnotateIgnoreWritesEnd, (PLACE))
{
    told_ignore_writes(-1);
}
/* Synchronisation that is not told can only make false alarms. */
NOTHING(AnnotateIgnoreSyncBegin, (PLACE))
NOTHING(AnnotateIgnoreSyncEnd, (PLACE))
NOTHING(AnnotateEnableRaceDetection, (PLACE, int enable))
HOOK(void, AnnotateBenignRace, (OBJECT, const char *text))
{
    benign_add((uintptr_t)addr, 1);
}
HOOK(void, AnnotateBenignRaceSized, (OBJECT, unsigned long size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
HOOK(void, WTFAnnotateBenignRaceSized, (OBJECT, unsigned long size, const char *text))
{
    benign_add((uintptr_t)addr, size);
}
NOTHING(AnnotateExpectRace, (OBJECT, const char *text))
NOTHING(AnnotateFlushExpectedRaces, (PLACE))
NOTHING(AnnotateFlushState, (PLACE))
HOOK(void, AnnotateThreadName, (PLACE, const char *name))
{
    told_thread_name(name);
}
NOTHING(AnnotateRWLockCreate, (OBJECT))
NOTHING(AnnotateRWLockCreateStatic, (OBJECT))
HOOK(void, AnnotateRWLockDestroy, (OBJECT))
{
    told_destroyed(addr);
}
HOOK(void, AnnotateRWLockAcquired, (OBJECT, long is_write))
{
    told_taken(addr, is_write, CALLER);
}
HOOK(void, AnnotateRWLockReleased, (OBJECT, long is_write))
{
    told_given(addr, is_write);
}
NOTHING(AnnotateMutexIsUsedAsCondVar, (OBJECT))
NOTHING(AnnotateMutexIsNotPHB, (OBJECT))
/* Who annotates a condition variable by hand means the edge. */
HOOK(void, AnnotateCondVarWait, (OBJECT, const volatile void *mutex))
{
    told_acquire(addr);
}
HOOK(void, AnnotateCondVarSignal, (OBJECT))
{
    told_release(addr);
}
HOOK(void, AnnotateCondVarSignalAll, (OBJECT))
{
    told_release(addr);
}
NOTHING(AnnotatePCQCreate, (OBJECT))
HOOK(void, AnnotatePCQDestroy, (OBJECT))
{
    told_destroyed(addr);
}
HOOK(void, AnnotatePCQPut, (OBJECT))
{
    told_release(addr);
}
HOOK(void, AnnotatePCQGet, (OBJECT))
{
    told_acquire(addr);
}
HOOK(void, AnnotateNewMemory, (OBJECT, unsigned long size))
{
    told_new_memory(addr, size);
}
NOTHING(AnnotatePublishMemoryRange, (OBJECT, unsigned long size))
NOTHING(AnnotateUnpublishMemoryRange, (OBJECT, unsigned long size))
NOTHING(AnnotateMemoryIsInitialized, (OBJECT, unsigned long size))
NOTHING(AnnotateMemoryIsUninitialized, (OBJECT, unsigned long size))
NOTHING(AnnotateTraceMemory, (OBJECT))
NOTHING(AnnotateNoOp, (OBJECT))
