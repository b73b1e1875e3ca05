/* libstdc++: exceptions that several threads refer to. Its code has no hooks and counts references by atomic operations, each of which acquires
 * and releases; who was last destroys the exception, after all that others have done with it.
 *
 * Told are the ends of such references: std::exception_ptr's, and a handler's when it is left, which for a rethrown exception_ptr refers to the
 * same object; and the text of std::logic_error and std::runtime_error, which copies share. What else the library orders by itself
 * (std::promise::set_value_at_thread_exit, locales) is not known but by atomics_of=libstdc++. */
#include "library.h"

#define LIBRARY LIBRARY_CXX
#define LIBSTDCXX(ret, name, params) LIBRARY_ROW(ret, name, params)
#include "libstdcxx.def"
#undef LIBSTDCXX

static void reference_ends(struct actor *me, const void *object)
{
    if (!me || !object)
        return;
    sync_release_merge(me, (uintptr_t)object);
    sync_acquire(me, (uintptr_t)object);
}

/* The C++ ABI's: what lies before a thrown object, and what a thread has caught. */
struct thrown {
    void *primary; /* of one that refers to another: that object; else its type */
    char before[72];
    uint64_t class; /* who made it */
    char after[24];
};
struct caught {
    const struct thrown *innermost;
};
#define CLASS_GNU UINT64_C(0x474e5543432b2b00) /* "GNUCC++" */

static const void *caught_object(uintptr_t pc)
{
    static struct library_row globals = {"__cxa_get_globals", NULL, NULL, NULL};
    void *f = library_function(&globals, LIBRARY, pc);
    const struct thrown *t = ((const struct caught *(*)(void))f)()->innermost;
    if (!t || (t->class & ~UINT64_C(1)) != CLASS_GNU)
        return NULL;
    return t->class & 1 ? t->primary : t + 1;
}

EXPORT void __cxa_end_catch(void)
{
    struct actor *me = current();
    if (me)
        reference_ends(me, caught_object(CALLER));
    LIBRARY_REAL(__cxa_end_catch)();
}

EXPORT void _ZNSt15__exception_ptr13exception_ptr10_M_releaseEv(void *pointer)
{
    reference_ends(current(), *(void **)pointer);
    LIBRARY_REAL(_ZNSt15__exception_ptr13exception_ptr10_M_releaseEv)(pointer);
}

/* Behind the table of virtual functions lies a pointer to the text, in front of which its count is. */
struct error {
    void *functions;
    char *text;
};

#define DESTROYS(name) \
    EXPORT void name(void *error) \
    { \
        reference_ends(current(), ((const struct error *)error)->text); \
        LIBRARY_REAL(name)(error); \
    }
DESTROYS(_ZNSt11logic_errorD1Ev)
DESTROYS(_ZNSt11logic_errorD2Ev)
DESTROYS(_ZNSt13runtime_errorD1Ev)
DESTROYS(_ZNSt13runtime_errorD2Ev)
