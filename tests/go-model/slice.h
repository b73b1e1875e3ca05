/* Slices: a pointer into an array, how many elements, and for how many there is room. Everything here is the
 * caller's access. */
#ifndef GO_MODEL_SLICE_H
#define GO_MODEL_SLICE_H

#include <stdlib.h>
#include <string.h>

#define SLICE_FUNCTIONS(name, T) \
    struct name { \
        T *at; \
        size_t len, cap; \
    }; \
    static inline __attribute__((unused)) struct name name##_make(size_t len, size_t cap) \
    { \
        return (struct name){calloc(cap ? cap : 1, sizeof(T)), len, cap}; \
    } \
    /* What s is with `more` elements at its end: in place if there is room, otherwise in a new array. */ \
    static inline __attribute__((unused)) struct name name##_append_all(struct name s, T const *more, size_t count) \
    { \
        struct name to = s; \
        if (s.len + count > s.cap) { \
            to = name##_make(s.len, 2 * (s.len + count)); \
            memcpy(to.at, s.at, s.len * sizeof(T)); \
        } \
        memcpy(to.at + s.len, more, count * sizeof(T)); \
        to.len += count; \
        return to; \
    } \
    static inline __attribute__((unused)) struct name name##_append(struct name s, T value) \
    { \
        return name##_append_all(s, &value, 1); \
    } \
    /* As many as both have. */ \
    static inline __attribute__((unused)) void name##_copy(struct name to, struct name from) \
    { \
        memmove(to.at, from.at, (to.len < from.len ? to.len : from.len) * sizeof(T)); \
    } \
    static inline __attribute__((unused)) struct name name##_part(struct name s, size_t first, size_t end) \
    { \
        return (struct name){s.at + first, end - first, s.cap - first}; \
    }

struct pair {
    int x, y;
};

SLICE_FUNCTIONS(ints, int)
SLICE_FUNCTIONS(doubles, double)
SLICE_FUNCTIONS(bytes, char)
SLICE_FUNCTIONS(pairs, struct pair)
SLICE_FUNCTIONS(refs, int *)

#endif
