/* See report_atomic.h. The machine code of an atomic load or store is a plain move, but where names are known the innermost function at
 * it, inlined mostly, is a member of the library's atomic type: std::atomic<int>::load, core::sync::atomic::AtomicU32::store. Constructors
 * are none: they are not atomic. What waits in libstdc++ (atomic_wait.h) accesses its words by the compiler's builtins. A variable's type is asked of DWARF (symbolize.h). */
#include "report_atomic.h"

#include <stddef.h>

/* What the qualified name of a function begins with. */
static const char *const atomic_types[] = {
    "std::atomic<",
    "std::atomic_ref<",
    "std::atomic_flag::",
    "std::__atomic_base<",
    "std::__atomic_float<",
    "std::__atomic_ref<",
    "std::__atomic_impl::",
    "std::__atomic_semaphore::",
    "std::__detail::__waiter",
    "std::__1::atomic<",
    "std::__1::atomic_ref<",
    "std::__1::atomic_flag::",
    "std::__1::__atomic_base<",
    "std::__1::__cxx_atomic_",
    "std::__1::__libcpp_acquire_load",
    "core::sync::atomic::",
};
static const char *const constructors[] = {">::atomic(", ">::atomic_ref(", "::atomic_flag(", ">::__atomic_base(",
                                           ">::__atomic_float("};

static bool starts_with(const char *s, const char *start)
{
    while (*start && *s == *start)
        s++, start++;
    return *start == 0;
}

static bool starts_with_any(const char *s, const char *const *starts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (starts_with(s, starts[i]))
            return true;
    return false;
}
#define STARTS_WITH_ANY(s, starts) starts_with_any(s, starts, sizeof(starts) / sizeof *(starts))

/* Of "int std::__atomic_impl::load<int>(int const*, std::memory_order)" neither what is in angle brackets nor the parameters. */
static bool is_atomic_function(const char *name)
{
    bool atomic = false;
    unsigned depth = 0;
    for (const char *p = name; *p && !(*p == '(' && depth == 0); p++) {
        if (depth == 0 && (p == name || p[-1] == ' ') && STARTS_WITH_ANY(p, atomic_types))
            atomic = true;
        if (*p == '<')
            depth++;
        else if (*p == '>' && depth > 0)
            depth--;
        if (STARTS_WITH_ANY(p, constructors))
            return false;
    }
    return atomic;
}

/* What follows `start`, or NULL. */
static const char *behind(const char *s, const char *start)
{
    while (s && *start)
        s = *s == *start++ ? s + 1 : NULL;
    return s;
}

static const char *behind_number(const char *s)
{
    while (s && *s && *s != '_')
        s++;
    return s && *s ? s + 1 : NULL;
}

/* Rust's newer mangling, which is not demangled: "_RNvMs_NtNtCsHASH_4core4sync6atomic..." or "_RINvNtNtCsHASH_4core4sync6atomic...", a
 * function of that module, of a type's or free; not one that only has a type of it as a parameter. */
static bool is_atomic_in_rust(const char *name)
{
    const char *s = behind(name, "_R");
    if (s && *s == 'I')
        s++;
    s = behind(s, "Nv");
    if (s && starts_with(s, "Ms"))
        s = behind_number(s);
    return behind(behind_number(behind(s, "NtNtCs")), "4core4sync6atomic") != NULL;
}

static bool is_atomic_side(const struct report *r, int side)
{
    const enum access_kind kind = r->finding->access[side].kind;
    const struct report_stack *s = &r->access[side];
    const char *name = s->n ? s->at[0].frame->function : NULL;
    return kind == ACCESS_ATOMIC_READ || kind == ACCESS_ATOMIC_WRITE ||
           (name && (is_atomic_function(name) || is_atomic_in_rust(name)));
}

bool report_is_atomic(const struct report *r)
{
    return (r->has_variable && r->variable.atomic) || (is_atomic_side(r, 0) && is_atomic_side(r, 1));
}
