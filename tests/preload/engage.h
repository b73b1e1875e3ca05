/* A case for each row of interpose.def: test_engage.c asks for `case_NAME` of every row, so a row without one does not
 * link. A case calls the function through CALL(name), which is what the dynamic loader finds by that name, checks the
 * result, and says what the core must have been told.
 *
 *     CASE(strlen)
 *     {
 *         char s[] = "hello";
 *         CHECK(CALL(strlen)(s) == 5);
 *         READS(s, 6);
 *     }
 *
 * What was told is known only under libgorace_trace.so; under libgorace.so these claims are skipped, and the result
 * of the call still proves that the wrapper forwards. Each case runs in a process of its own. */
#ifndef GORACE_TESTS_ENGAGE_H
#define GORACE_TESTS_ENGAGE_H

#include "../../preload/libc_types.h"
#include "../support/trace.h"

#define FUNCTION(ret, name, params) extern ret(*fn_##name) params;
#define VERSIONED(ret, name, params, version) FUNCTION(ret, name, params)
#define OPTIONAL(ret, name, params) FUNCTION(ret, name, params)
#include "../../preload/interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL

#define CASE(name) \
    void case_##name(void); \
    void case_##name(void)
#define CALL(name) fn_##name

void failed(const char *file, int line, const char *what);
bool told(enum trace_verb verb, uint64_t object, size_t size);
bool told_edge(void);
/* A new record begins: for cases of several calls. */
void from_here(void);

#define CHECK(what) ((what) ? (void)0 : failed(__FILE__, __LINE__, #what))
#define TOLD(verb, object, size) \
    (told(verb, (uint64_t)(uintptr_t)(object), size) ? (void)0 \
                                                     : failed(__FILE__, __LINE__, #verb " of " #object ", " #size))
#define READS(p, n) TOLD(TRACE_READ, p, n)
#define WRITES(p, n) TOLD(TRACE_WRITE, p, n)
#define FRESH(p, n) TOLD(TRACE_FRESH, p, n)
#define ALLOCATES(p, n) TOLD(TRACE_ALLOC, p, n)
#define FREES(p) TOLD(TRACE_FREE, p, SIZE_MAX)
#define ACQUIRES(p) TOLD(TRACE_ACQUIRE, p, SIZE_MAX)
#define RELEASES(p) TOLD(TRACE_RELEASE, p, SIZE_MAX)
#define MERGES(p) TOLD(TRACE_RELEASE_MERGE, p, SIZE_MAX)
#define FORGETS(p) TOLD(TRACE_FORGET, p, SIZE_MAX)
#define GETS(p) TOLD(TRACE_GOT, p, SIZE_MAX)
#define GIVES(p) TOLD(TRACE_GONE, p, SIZE_MAX)
#define EDGE() (told_edge() ? (void)0 : failed(__FILE__, __LINE__, "no edge"))
#define NO_EDGE() CHECK(!told_edge_for_sure())
/* False when it is not known. */
bool told_for_sure(enum trace_verb verb, uint64_t object, size_t size);
bool told_edge_for_sure(void);

#endif
