/* Facade: what can be held and what can be waited for. Locks that an actor holds (for the order of locks, for reports of
 * races, for who waits for whom), waits, and what breaks the rules of locks.
 *
 * An object is named by its address, as in detector.h; a wait of goroutines may have any 64-bit key. Nothing here makes a
 * happens-before edge: sync_* and the lock edges of detector.h do. */
#ifndef GORACE_LOCKS_H
#define GORACE_LOCKS_H

#include "detector.h"

enum thing {
    THING_MUTEX,
    THING_RWLOCK,
    THING_SPIN,
    THING_SEM,
    THING_COND,
    THING_BARRIER,
    THING_THREAD, /* its end: join */
    THING_ONCE,
    THING_CHANNEL,
    THING_GROUP,  /* wait group */
    THING_SELECT, /* one of several channels */
    THING_FUTEX,  /* the word of one, by the bare system call */
    THING_OTHER,
    THINGS
};

/* How a lock is taken or asked for: bits, and the thing in the upper bits. A plain `true` is a mutex. */
enum how {
    HOW_EXCLUSIVE = 1,      /* without: for reading */
    HOW_TRY = 2,            /* did not wait, and would not have */
    HOW_TIMED = 4,          /* would not have waited for ever */
    HOW_READERS_FIRST = 8,  /* a read lock that passes writers that wait: it may be taken again by a reader */
    HOW_OUTSIDE = 16,       /* other processes may use the object as well */
    HOW_WRITERS_FIRST = 32, /* a write lock that read locks do not pass when it waits */
    HOW_IN_HANDLER = 64,    /* in a signal handler */
    HOW_GREEN = 128,        /* a lock of goroutines: anybody may unlock it, and it may be held over a switch */
    HOW_THING_SHIFT = 8
};
#define HOW(thing, bits) ((unsigned)(thing) << HOW_THING_SHIFT | (bits))

/* ---- locks held. `pc` is where it was taken; after the real call. -------------------------------------------------- */
void lock_got(struct actor *a, uintptr_t addr, unsigned how, uintptr_t pc);
/* The same of a mutex; place: lock_place (lock_place.h), asked for before the real call, so that this memory comes meanwhile. */
struct lock;
void lock_got_mutex(struct actor *a, struct lock *place, uintptr_t addr, uintptr_t pc); /* a lock that waits, exclusive */
void lock_tried_mutex(struct actor *a, uintptr_t addr, uintptr_t pc); /* a trylock, exclusive */
/* Before the real unlock. False: `a` was not known to hold it. */
bool lock_gone(struct actor *a, uintptr_t addr);
/* A request with a time limit was given up: it orders like one that was granted. */
void lock_missed(struct actor *a, uintptr_t addr, unsigned how, uintptr_t pc);
/* The object at addr begins (init), ends (destroy). Begun: what was there before was another object. */
void lock_made(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc);
void lock_disowned(struct actor *a,
                   uintptr_t addr); /* somebody else has unlocked it: its holder does not hold it any more */
void lock_destroyed(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc);
/* What the program calls it, until it ends; replaces the name that was there, NULL takes it away. */
void naming_give(struct actor *a, uintptr_t addr, const char *text);
/* The mutex guards a predicate that others wait for: its unlock comes before later locks in every schedule that matters.
 * The condition's own order is order_release / order_acquire. addr 0: the mutex that `a` holds or has given up last. */
void lock_guards_condition(struct actor *a, uintptr_t addr);

/* ---- order that every schedule has: what comes before cannot deadlock with what comes after ------------------------ */
/* sync_* do it as well; locks do not. */
void order_release(struct actor *a, uint64_t key);
void order_acquire(struct actor *a, uint64_t key);

/* ---- waits ----------------------------------------------------------------------------------------------------------- */
struct wait_for {
    enum thing thing : 8;
    unsigned how : 16; /* HOW_* */
    bool told : 1;     /* a finding says already that this wait does not end */
    uint64_t key;      /* the object */
    union {
        uintptr_t mutex;      /* COND: has to be got again before the wait is over; 0: none */
        struct actor *target; /* THREAD */
        uint32_t value;       /* FUTEX: that the word is expected to have */
    };
    /* Whether the wait could end at once; asked when nobody is left to end it. May be NULL. */
    bool (*available)(const struct wait_for *f);
};
/* Told before the actor blocks; a deadlock that it closes is handed over before the call returns. */
void wait_begin(struct actor *a, const struct wait_for *f, uintptr_t pc);
/* The same for a goroutine, and what anybody can give: no lock, no join, no condition. how: HOW_TIMED and the like. */
void wait_parks(struct actor *a, enum thing thing, uint64_t key, unsigned how, uintptr_t pc);
/* Told by the actor as soon as the wait is over, or by its waker before it can run. */
void wait_end(struct actor *a);
/* Of a goroutine, told by its waker. True: others may be looking at it in their search, and it must not go on before
 * wait_let_look, during which the caller's thread lets no signal handler run. */
bool wait_woken(struct actor *a);
void wait_let_look(void);
/* The runtime of goroutines says that none can go on: all that wait are reported. The caller's thread as above. */
void wait_all_asleep(void);
void wait_given_up(struct actor *a); /* the same, after a time limit or by cancellation */
/* Round the signal of a condition: before it whoever it may wake counts as on the way, as that one can be back before the
 * signaller is; whether it counted somebody has to be told afterwards. */
bool wait_signalling(struct actor *a, uint64_t key, bool all);
void wait_signalled(struct actor *a, uint64_t key, bool all, bool counted);
/* An actor has ended, or something else has changed without a wait: whether all that are left are stuck. `by` is whom
 * the report is handed over for, NULL when it is gone. */
void wait_check(struct actor *by);
/* Somebody cancels `a`: its waits that can be cancelled count as ones that end. */
void actor_cancelled(struct actor *a);

/* ---- who can never go on ------------------------------------------------------------------------------------------- */
/* What the host names: where pointers of the program may lie, and where not; a word that the kernel keeps for a descriptor, or
 * -1; that something is not known, so that nothing may be claimed. */
void left_root(uintptr_t lo, size_t size);
void left_hole(uintptr_t lo, size_t size);
void left_pointers(uintptr_t lo, size_t size); /* here even if it is in a hole */
void left_word(uint64_t word, int fd);
void left_lost(void);

/* left.c: at the end of the goroutines' runtime. One caller, while nobody else acts. */
bool left_begin(void); /* false: it cannot be known */
/* `a` waits for the object, 0: for nothing; by_stack: for some that its stack leads to. lo: its stack, as far as it is in use. */
void left_waiting(struct actor *a, uint64_t key, bool by_stack, uintptr_t lo, size_t size);
/* Hands over those that can never go on, if all roots were named; by: the calling thread, the only one. sp, registers:
 * PARKED_ABOVE and PARKED_REGISTERS (parked.h) of a function of the host that the program has called. */
void left_end(struct actor *by, uintptr_t sp, const uintptr_t *registers, bool all_roots);

/* stuck.c: at any time. */
struct finding_actor;
struct stuck_look {
    uintptr_t sp;           /* as for left_end, of `by`, ... */
    const uintptr_t *registers; /* ... these as well */
    unsigned tries;         /* how often those are waited for that run, a millisecond each */
    size_t pages;           /* of memory that may be looked at */
    bool at_end;            /* the process ends: who only waits for work is as it should be, unless it holds up another one */
    bool cancels;           /* threads may be cancelled: who waits where that ends a wait can go on */
    bool suspected;         /* hand over also those that may be woken by somebody yet */
    void (*name_memory)(const struct stuck_look *look); /* calls left_*, while the world stands still: takes no lock of the program */
    /* Told of all that sleep and may be woken from outside; the same. May be NULL. */
    void (*sleeps)(void *arg, const struct finding_actor *who, const char *call, int fd);
    void *arg;
    /* What came of it: */
    bool unborn;     /* there are goroutines that have not begun, whose arguments name_memory has to name */
    bool known;      /* else nothing could be proved */
    unsigned proved; /* so many can never go on, reported now or before */
    unsigned waiting; /* and so many wait without a time limit, for what can be reached or ... */
    unsigned undecided; /* ... of these, for what may be reached by somebody who runs */
};
/* by: the calling thread; NULL: in a signal handler, outside of the core, of an actor that counts like all others. */
void stuck_look(struct actor *by, struct stuck_look *look);
bool stuck_possible(void); /* somebody waits without a time limit; cheap */

/* ---- misuse ---------------------------------------------------------------------------------------------------------- */
enum misuse {
    MISUSE_UNLOCK_UNLOCKED,
    MISUSE_UNLOCK_OTHERS, /* held by another thread */
    MISUSE_DESTROY_LOCKED,
    MISUSE_DESTROY_WAITED, /* a condition on which somebody waits */
    MISUSE_INIT_LOCKED,
    MISUSE_LOCKED_TWICE, /* and the second was refused */
    MISUSE_JOINS_ITSELF,
    MISUSE_FREE_LOCKED,
    MISUSE_USE_DESTROYED,
    MISUSE_COPIED,
    MISUSE_ENDS_HOLDING,
    MISUSE_TWO_MUTEXES, /* a condition, by two waits at once */
    MISUSE_WAIT_UNLOCKED,
    MISUSE_IN_HANDLER,
    MISUSE_HELD_ACROSS_SWITCH,
    MISUSE_NEGATIVE_COUNTER,
    MISUSE_CLOSE_CLOSED,
    MISUSE_CLOSE_NIL,
    MISUSE_SEND_CLOSED,
    MISUSE_OTHER,
    MISUSES
};
/* `addr` is misused by `a` at `pc`. What is known of its holder and its past is added. `text`: MISUSE_OTHER, or NULL. */
void misuse(struct actor *a, enum misuse what, enum thing thing, uintptr_t addr, const char *text, uintptr_t pc);
/* Who is known to hold it exclusively; of what others hold, as lock_got told it. */
enum holder { HOLDER_NOBODY, HOLDER_SELF, HOLDER_OTHER };
enum holder lock_holder(struct actor *a, uintptr_t addr);
/* Somebody waits on the condition who was not signalled. */
bool condition_waited(struct actor *a, uintptr_t addr);
/* Bytes are copied from one place to another one: locks among them have copies, the use of which is reported as long as
 * the original lives. */
void locks_copied(struct actor *a, uintptr_t to, uintptr_t from, size_t size, uintptr_t pc);
/* The lock's bytes say that `a` holds it, but it was never taken: they are those of another one that `a` holds. */
bool lock_unseen_copy(struct actor *a, uintptr_t addr);
/* The lock was taken in a handler of `sig` by `a`: from now on it is misuse to take it where that signal may come. */
void lock_taken_in_handler(struct actor *a, uintptr_t addr, int sig, uintptr_t pc);
/* Before an operation on the lock by `a` at `pc`: finds the use of one that was destroyed, or is a copy. True: it was reported. */
bool lock_used(struct actor *a, uintptr_t addr, enum thing thing, uintptr_t pc);

/* The actor is about to end, outside of the core: reports what it still holds. Those for which `excused` says so are left
 * out (robust locks). */
void locks_at_end(struct actor *a, bool (*excused)(uintptr_t addr, enum thing thing));

#endif
