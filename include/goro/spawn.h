/* How goro_go checks and copies arguments. Included by goro.h.
 *
 * The arguments become words that the new goroutine's first frame loads into the registers of the calling convention, so
 * the call itself is made by nobody's frame but its own. C cannot ask for a parameter's type; three checks stand in:
 * a call that is not evaluated (number and types), the same with void pointers in place of all arguments that are not
 * floating (an error where the parameter is floating), and equality of the whole type when there is a floating argument. */
#ifndef GORO_SPAWN_H
#define GORO_SPAWN_H
#ifndef __cplusplus

#define GORO_UNWRAP(...) __VA_ARGS__
#define GORO_CAT(a, b) GORO_CAT_(a, b)
#define GORO_CAT_(a, b) a##b
#define GORO_COUNT(...) GORO_COUNT_(0, ##__VA_ARGS__, 6, 5, 4, 3, 2, 1, 0)
#define GORO_COUNT_(z, a, b, c, d, e, f, n, ...) n
/* GORO_EACH(m, a, b ...): m(a), m(b) ...; GORO_EACHBIT: m(0, a) | m(1, b) ... */
#define GORO_EACH(m, ...) GORO_CAT(GORO_EACH, GORO_COUNT(__VA_ARGS__))(m, ##__VA_ARGS__)
#define GORO_EACH0(m)
#define GORO_EACH1(m, a) m(a)
#define GORO_EACH2(m, a, ...) m(a), GORO_EACH1(m, __VA_ARGS__)
#define GORO_EACH3(m, a, ...) m(a), GORO_EACH2(m, __VA_ARGS__)
#define GORO_EACH4(m, a, ...) m(a), GORO_EACH3(m, __VA_ARGS__)
#define GORO_EACH5(m, a, ...) m(a), GORO_EACH4(m, __VA_ARGS__)
#define GORO_EACH6(m, a, ...) m(a), GORO_EACH5(m, __VA_ARGS__)
/* The parameter list of a function that takes exactly these. */
#define GORO_PARAMS(...) GORO_CAT(GORO_PARAMS, GORO_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define GORO_PARAMS0() void
#define GORO_PARAMS1(...) GORO_EACH1(GORO_TYPE, __VA_ARGS__)
#define GORO_PARAMS2(...) GORO_EACH2(GORO_TYPE, __VA_ARGS__)
#define GORO_PARAMS3(...) GORO_EACH3(GORO_TYPE, __VA_ARGS__)
#define GORO_PARAMS4(...) GORO_EACH4(GORO_TYPE, __VA_ARGS__)
#define GORO_PARAMS5(...) GORO_EACH5(GORO_TYPE, __VA_ARGS__)
#define GORO_PARAMS6(...) GORO_EACH6(GORO_TYPE, __VA_ARGS__)
#define GORO_FLOATS(...) GORO_CAT(GORO_FLOATS, GORO_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define GORO_FLOATS0() 0u
#define GORO_FLOATS1(a) GORO_IS_FLOAT(a)
#define GORO_FLOATS2(a, ...) (GORO_IS_FLOAT(a) | GORO_FLOATS1(__VA_ARGS__) << 1)
#define GORO_FLOATS3(a, ...) (GORO_IS_FLOAT(a) | GORO_FLOATS2(__VA_ARGS__) << 1)
#define GORO_FLOATS4(a, ...) (GORO_IS_FLOAT(a) | GORO_FLOATS3(__VA_ARGS__) << 1)
#define GORO_FLOATS5(a, ...) (GORO_IS_FLOAT(a) | GORO_FLOATS4(__VA_ARGS__) << 1)
#define GORO_FLOATS6(a, ...) (GORO_IS_FLOAT(a) | GORO_FLOATS5(__VA_ARGS__) << 1)

#define GORO_IS_FLOAT(a) _Generic((a), float: 1u, double: 1u, default: 0u)
/* Arrays and functions decay; a struct is refused by the cast. */
#define GORO_TYPE(a) __typeof__(({ __auto_type goro_t = (a); goro_t; }))
#define GORO_WORD(a) \
    __extension__({ \
        __auto_type goro_a = (a); \
        uint64_t goro_w = 0; \
        _Static_assert(sizeof goro_a <= 8, "goro_go: an argument of more than 8 bytes; pass a pointer"); \
        if (GORO_IS_FLOAT(goro_a)) \
            __builtin_memcpy(&goro_w, &goro_a, sizeof goro_a <= 8 ? sizeof goro_a : 0); \
        else \
            goro_w = (uint64_t)(goro_a); \
        goro_w; \
    })
#define GORO_NOT_FLOATING(a) __builtin_choose_expr(GORO_IS_FLOAT(a), (a), (void *)0)

/* In code that is compiled for a detector the words are arguments: who starts thousands would else write an array for each. */
#ifdef GORO_OUTLINE
#define GORO_SIX(...) GORO_CAT(GORO_SIX, GORO_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define GORO_SIX0() 0, 0, 0, 0, 0, 0
#define GORO_SIX1(...) GORO_EACH1(GORO_WORD, __VA_ARGS__), 0, 0, 0, 0, 0
#define GORO_SIX2(...) GORO_EACH2(GORO_WORD, __VA_ARGS__), 0, 0, 0, 0
#define GORO_SIX3(...) GORO_EACH3(GORO_WORD, __VA_ARGS__), 0, 0, 0
#define GORO_SIX4(...) GORO_EACH4(GORO_WORD, __VA_ARGS__), 0, 0
#define GORO_SIX5(...) GORO_EACH5(GORO_WORD, __VA_ARGS__), 0
#define GORO_SIX6(...) GORO_EACH6(GORO_WORD, __VA_ARGS__)
#define GORO_SPAWN(f, options, ...) \
    goro_spawn_words((f), (options), &goro_here, GORO_COUNT(__VA_ARGS__), GORO_FLOATS(__VA_ARGS__), GORO_SIX(__VA_ARGS__))
#else
#define GORO_SPAWN(f, options, ...) \
    goro_spawn((f), (options), &goro_here, GORO_COUNT(__VA_ARGS__), GORO_FLOATS(__VA_ARGS__), \
               (const uint64_t[GORO_COUNT(__VA_ARGS__) + 1]){GORO_EACH(GORO_WORD, ##__VA_ARGS__)})
#endif

#define GORO_GO(options, f, ...) \
    __extension__({ \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wpointer-to-int-cast\"") \
        (void)sizeof((f)(__VA_ARGS__), 0); \
        _Static_assert(!GORO_FLOATS(__VA_ARGS__) || \
                           __builtin_types_compatible_p( \
                               __typeof__(&*(f)), __typeof__((f)(__VA_ARGS__)) (*)(GORO_PARAMS(__VA_ARGS__))), \
                       "goro_go: with floating arguments, types must be exactly the parameters'"); \
        _Pragma("GCC diagnostic ignored \"-Wint-conversion\"") \
        (void)sizeof((f)(GORO_EACH(GORO_NOT_FLOATING, ##__VA_ARGS__)), 0); \
        static const struct goro_site goro_here = {#f, __FILE__, __LINE__}; \
        const int goro_spawned = GORO_SPAWN((void (*)(void))(f), (options), ##__VA_ARGS__); \
        _Pragma("GCC diagnostic pop") \
        goro_spawned; \
    })

#endif
#endif
