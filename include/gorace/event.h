/* What a goroutine runtime tells a detector. The runtime (libgoro, or anybody's) finds the sink once, with
 * dlsym(RTLD_DEFAULT, GORACE_EVENTS), and speaks to it if `abi` is GORACE_EVENTS_ABI; without one it runs unchanged. Nobody
 * links anybody: this header is all that the two know of each other.
 *
 * An actor is a goroutine. `by` is the goroutine that acts; NULL: the one that this OS thread runs, or, on a thread that
 * the runtime does not run goroutines on, the thread itself.
 * An object is an address: of a mutex, a channel, a slot of its buffer. Its bytes are never looked at by the sink.
 * A pc is the return address of the user's call, so that a report shows user code on top; 0: not known.
 *
 * What the sink may rely on, for each verb and in general:
 *   - Verbs of one actor are never called by two threads at once. They are called by the goroutine itself, but for those
 *     that a partner tells for one that is parked (acquire, release, handoff, reads): then nobody can wake that one meanwhile.
 *   - While a verb is called the goroutine is not preempted and does not change threads.
 *   - What gives something up (release, unlock, create, destroy) is told before others can see it; what obtains something
 *     (acquire, lock) after it is obtained.
 *   - Structures and strings are read during the call only, unless it says otherwise.
 * What the runtime may rely on: a verb does not block but for short locks of the sink's own, does not switch goroutines, does
 * not call the runtime (but see gorace_steering, which is called outside of verbs), needs at most 8 KiB of stack, and leaves errno alone.
 *
 * A switch of goroutines is no event of the memory model: `runs` only says whose the following accesses are. */
#ifndef GORACE_EVENT_H
#define GORACE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GORACE_EVENTS "gorace_events"
#define GORACE_EVENTS_ABI 1u

struct gorace_actor; /* the sink's */
struct gorace_slots; /* the sink's: what it knows of the slots of a channel's buffer */

/* One that is being created. Strings are copied. */
struct gorace_birth {
    uint64_t number;      /* the goroutine's number in dumps; > 0 */
    const char *name;     /* given by the user, or NULL */
    const char *function; /* what it runs, as text, or NULL */
    uintptr_t pc;         /* of the call that creates it */
};

/* How an object is used. The kind of object follows from it: channel, mutex ... */
enum gorace_object {
    GORACE_OBJECT_NONE,
    GORACE_OBJECT_CHANNEL,
    GORACE_OBJECT_MUTEX,
    GORACE_OBJECT_RWMUTEX,
    GORACE_OBJECT_WAITGROUP,
    GORACE_OBJECT_COND,
    GORACE_OBJECT_SEMAPHORE,
    GORACE_OBJECT_ONCE,
    GORACE_OBJECT_QUEUE,
    GORACE_OBJECT_POOL,
    GORACE_OBJECT_CONTEXT,
    GORACE_OBJECT_TIMER
};

enum gorace_wait_for {
    GORACE_WAIT_NOTHING,   /* nil channel, select without cases: nobody can end it */
    GORACE_WAIT_SEND,      /* a receiver or room; a close */
    GORACE_WAIT_RECEIVE,   /* a sender, an element, a close */
    GORACE_WAIT_LOCK,      /* the holder, or all readers */
    GORACE_WAIT_READ_LOCK, /* a holder that writes, or writers that wait */
    GORACE_WAIT_SIGNAL,  /* of a condition; a wait group's zero; a release of a semaphore; the end of a once's fn ... */
    GORACE_WAIT_TIME,    /* sleep */
    GORACE_WAIT_EXTERNAL /* a descriptor, a name lookup: the world outside may end it */
};

/* One of the things that a parked goroutine waits for: any of them ends the wait. */
struct gorace_wait {
    const void *object; /* NULL: none */
    enum gorace_object kind;
    enum gorace_wait_for what;
    int64_t count; /* of a semaphore: how many it wants; otherwise 0 */
};

enum gorace_misuse {
    GORACE_MISUSE_UNLOCK_UNLOCKED,
    GORACE_MISUSE_NEGATIVE_COUNTER, /* of a wait group */
    GORACE_MISUSE_CLOSE_CLOSED,
    GORACE_MISUSE_CLOSE_NIL,
    GORACE_MISUSE_SEND_CLOSED,
    GORACE_MISUSE_DESTROY_IN_USE, /* freed while goroutines wait on it */
    GORACE_MISUSE_OTHER
};

#define GORACE_LOCK_EXCLUSIVE 1u /* a writer's; without: a reader's */
#define GORACE_LOCK_TRY 2u       /* it could not have waited: no order of locks follows from it */
#define GORACE_LOCK_TIMED 4u     /* it would not have waited for ever */

/* What a runtime whose schedules come from a seed gives to the sink, which then calls it: on threads that run goroutines, in the
 * middle of a goroutine's own code, outside of the sink, and never with anything of the sink's held. */
struct gorace_steering {
    uint32_t size;      /* of this struct; later versions only add at the end */
    const char *replay; /* what brings this schedule about again, for reports: "GORO_REPLAY=..." */
    /* Another goroutine may go on before the atomic operation that the calling one is about to do; `writes`: not a load. */
    void (*point)(const volatile void *object, int writes, uintptr_t pc);
    /* The clock of the schedule, in nanoseconds; negative: the caller is no goroutine, and has the real one. */
    int64_t (*now)(void);
    /* The calling goroutine waits by that clock. Only after `now` was not negative. */
    void (*sleep)(int64_t ns);
    /* A random number of the program's own stream. Only after `now` was not negative. */
    uint32_t (*draw)(void);
};

/* Accesses to plain memory as points: whoever has such a hook exports a pointer of this name, which libgoro sets while it is in its
 * deterministic mode, and clears. pc: where the call of the hook returns to. */
typedef void gorace_access_point(const volatile void *object, int writes, uintptr_t pc);
#define GORACE_ACCESS_POINT "gorace_access_point_is"

struct gorace_events {
    uint32_t abi;  /* GORACE_EVENTS_ABI: members before `size` have this meaning */
    uint32_t size; /* of this struct; later versions only add at the end */

    /* ---- the runtime's own OS threads ---- */

    /* The calling thread runs goroutines from now on, and is nobody itself: what it does between goroutines (scheduler, timers,
     * poller) is not the program's. To be called before the first `runs` on it. Signal handlers may still run there. */
    void (*hosts)(void);
    /* The calling thread, which runs no goroutines, waits for those that do (1), until told (0): then it acquires from the
     * goroutine that has ended the wait before it does anything of the program. All registers that calls keep are saved in the
     * caller's frame, which stays: what the program's callers have in them can be found there. */
    void (*idles)(int begins);
    /* This thread's accesses are a's from now on; NULL: nobody's. Never an edge. Called in the switch: by the one who goes,
     * who must not act any more. A goroutine that keeps its thread (preempted, in a blocking call) stays its actor. */
    void (*runs)(struct gorace_actor *a);

    /* ---- life ---- */

    /* A goroutine is about to be created. Go: "the go statement that starts a new goroutine is synchronized before the start of
     * the goroutine's execution". NULL: the sink does not want to hear of it. No end is waited for: a goroutine's end
     * orders nothing. `by` NULL on a host between goroutines: it is begun by nobody (a timer), and knows what was acquired
     * by `timer_fires`. */
    struct gorace_actor *(*created)(struct gorace_actor *by, const struct gorace_birth *birth);
    /* It begins, on a stack whose bytes begin a new life: what others did there is over. Told by itself. */
    void (*begins)(struct gorace_actor *a, const void *stack, size_t size);
    /* It has done its last, also when it is abandoned at the end of the runtime. a is gone after the call. Go: "the exit of a
     * goroutine is not guaranteed to be synchronized before any event": no edge. */
    void (*ends)(struct gorace_actor *a);

    /* ---- edges ---- */

    /* by knows what was released to object. */
    void (*acquire)(struct gorace_actor *by, const void *object);
    /* object carries what by has done so far, and nothing else. */
    void (*release)(struct gorace_actor *by, const void *object);
    /* object carries that as well. */
    void (*release_merge)(struct gorace_actor *by, const void *object);
    /* Both in one, in this order: each use of object is after the one before. The slot of a channel's buffer: the k-th
     * receive is after the k-th send, and the (k + capacity)-th send after the k-th receive. */
    void (*handoff)(struct gorace_actor *by, const void *object);
    /* A value goes from one goroutine straight to another: each of the two has done all it did before the meeting before what
     * the other does after. Go: "a receive from an unbuffered channel is synchronized before the completion of the corresponding
     * send", and the send before the completion of the receive. partner is parked. */
    void (*meet)(struct gorace_actor *by, struct gorace_actor *partner);

    /* ---- locks: edges and locks held ---- */

    /* flags: GORACE_LOCK_*. Go: "for n < m, call n of Unlock is synchronized before call m of Lock returns"; a read lock is
     * after the unlock of writers, and a lock after the read unlocks that it waited for. Readers do not order readers. */
    void (*locked)(struct gorace_actor *by, const void *lock, unsigned flags, uintptr_t pc);
    void (*unlocked)(struct gorace_actor *by, const void *lock, unsigned flags, uintptr_t pc);

    /* ---- waiting; no edge ---- */

    /* by parks until one of waits[0 .. n) has come, or the deadline (timed): told before others can wake it. n is 0 and timed
     * false for one that can never go on. Each is followed by one wait_ends. The waits are gone when the call returns. */
    void (*wait_begins)(struct gorace_actor *by, const struct gorace_wait *waits, int n, int timed, uintptr_t pc);
    /* by is made ready, told by its waker before it can run; whatever it was: the waker, the deadline. */
    void (*wait_ends)(struct gorace_actor *by);

    /* ---- objects ---- */

    /* object begins, in memory of the runtime (a channel: capacity is its buffer's). Objects that lie in the user's memory
     * (mutexes, wait groups) just appear. */
    void (*object_begins)(struct gorace_actor *by, const void *object, enum gorace_object kind, size_t size,
                          size_t capacity, uintptr_t pc);
    /* It ends: a write of its first byte, so that who still uses it is not ordered before; then what was said of addresses in
     * [object, object + size) is over. */
    void (*object_ends)(struct gorace_actor *by, const void *object, enum gorace_object kind, size_t size,
                        uintptr_t pc);
    /* Somebody closes a channel, or ends a context: those that wait for it now or later go on. The edge is a release. */
    void (*object_closed)(struct gorace_actor *by, const void *object, enum gorace_object kind, uintptr_t pc);

    /* ---- memory of the user that the runtime reads and writes for him ---- */

    /* The value of a send; told before the send's release, by the sender or by who takes it from a parked one. */
    void (*reads)(struct gorace_actor *by, const void *from, size_t size, uintptr_t pc);
    /* The value of a receive; told by the receiver after its acquire, on its own behalf, whoever has copied it. */
    void (*writes)(struct gorace_actor *by, void *to, size_t size, uintptr_t pc);

    /* ---- timers ---- */

    /* What by has done so far happens before what the timer does when it fires. Told before it is armed; it may be armed again. */
    void (*timer_starts)(struct gorace_actor *by, const void *timer, uintptr_t pc);
    /* It does not fire any more, and its memory may become another one. */
    void (*timer_ends)(struct gorace_actor *by, const void *timer);
    /* On a host between goroutines: the timer fires, begins and ends. What is told in between with `by` NULL happens after
     * what was done before its timer_starts, and after nothing else. */
    void (*timer_fires)(const void *timer);
    void (*timer_fired)(void);

    /* ---- misuse ---- */

    /* The program breaks a rule of the API; the runtime is about to panic. text: without a full stop, e.g. "close of
     * closed channel". */
    void (*misused)(struct gorace_actor *by, enum gorace_misuse what, const void *object, const char *text,
                    uintptr_t pc);

    /* ---- the end of all ---- */

    /* No goroutine can ever go on: all wait, for one another, and no timer, descriptor, blocking call or other thread is left.
     * The runtime is about to end the process; the call need not return. On a thread that runs no goroutine. */
    void (*all_asleep)(void);

    /* When the main goroutine has returned, none of those left can run, and no timer or descriptor could wake one: before
     * their `ends`, on the thread that ends the runtime, the only one of the runtime's.
     * First memory of the runtime in which no pointer of the program lies but in what left_waiting names: stacks, goroutines. */
    void (*left_memory)(const void *memory, size_t size);
    /* One that waits, as by wait_begins; n < 0: on channels in its stack. stack: what is in use of it. */
    void (*left_waiting)(struct gorace_actor *a, const struct gorace_wait *waits, int n, const void *stack,
                         size_t size);
    void (*left_all)(void);

    /* ---- code of the user's that the runtime calls ---- */

    /* by's call of the runtime, which returns to pc, calls a function of the user's, so that stacks of what that does show
     * whose call it was; and that has come back. sp: the stack pointer of the calling function of the runtime at its own call. */
    void (*calls)(struct gorace_actor *by, uintptr_t pc, uintptr_t sp);
    void (*called)(struct gorace_actor *by);

    /* ---- schedules from a seed ---- */

    /* From now on; NULL: not any more. While no goroutine runs. The struct stays until then. */
    void (*steered)(const struct gorace_steering *steering);

    /* ---- at any time ---- */

    /* Memory of the runtime's in which pointers of the program lie: the arguments of goroutines that have not begun. As left_memory,
     * from tell (below). */
    void (*left_pointers)(const void *memory, size_t size);
    /* tell, which calls left_memory and left_pointers, may be called by the sink on any thread, while the threads of the runtime
     * stand still or do not run goroutines; it takes no lock. NULL: no longer. */
    void (*memory)(void (*tell)(void));
    /* Somebody wants to see what goroutines do, and the runtime has shown its part: in a handler of SIGQUIT. context: its third
     * argument. */
    void (*shows)(const void *context);

    /* ---- channels, at once ---- */

    /* by sends: reads of the element's value (NULL: none) and of the channel's first byte, which a close writes. As `reads`. */
    void (*sends)(struct gorace_actor *by, const void *channel, const void *element, size_t size, uintptr_t pc);
    /* As handoff, of a slot of the buffer: the index-th of n, at `slot`. *slots is kept with the channel, NULL at first; who calls this
     * guards it. */
    void (*handoff_slot)(struct gorace_actor *by, struct gorace_slots **slots, size_t n, size_t index, const void *slot);
    /* The channel ends. slots may be NULL. */
    void (*slots_end)(struct gorace_actor *by, struct gorace_slots *slots);
};

#ifdef __cplusplus
}
#endif
#endif
