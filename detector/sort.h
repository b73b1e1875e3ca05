/* Heapsort: in place, without memory of its own, and with no bad case.
 *
 * HEAPSORT(name, type, before) defines name(v, n), which sorts v[0 .. n) so that before(x, y), a macro or a function of two
 * elements, is never true of a later and an earlier one. */
#ifndef GORACE_SORT_H
#define GORACE_SORT_H

#include <stddef.h>

#define HEAPSORT(name, type, before) \
    static inline void name##_swap(type *a, type *b) \
    { \
        const type saved = *a; \
        *a = *b; \
        *b = saved; \
    } \
    static void name##_sift(type *v, size_t at, size_t n) \
    { \
        for (size_t child; (child = 2 * at + 1) < n; at = child) { \
            child += child + 1 < n && before(v[child], v[child + 1]); \
            if (!(before(v[at], v[child]))) \
                return; \
            name##_swap(&v[at], &v[child]); \
        } \
    } \
    static void name(type *v, size_t n) \
    { \
        for (size_t i = n / 2; i-- > 0;) \
            name##_sift(v, i, n); \
        for (size_t i = n; i-- > 1;) { \
            name##_swap(&v[0], &v[i]); \
            name##_sift(v, 0, i); \
        } \
    }

#endif
