/* Interposition: the table of facts is interpose.def, the meaning is ordinary C in wrap_*.c.
 *
 *   FUNCTION(ret, name, params)            the default version is wrapped
 *   VERSIONED(ret, name, params, version)  the real one is taken with dlvsym(name, version)
 *   OPTIONAL(ret, name, params)            may be missing from this libc; the wrapper then fails with ENOSYS
 *
 * gives for every row: `extern ret (*real_NAME) params`, a line in the resolver, the exported name (gorace.map), and a
 * line in the engagement test (tests/preload/test_engage.c refuses a row that no test case covers).
 *
 * A body:
 *   INTERPOSE(int, pthread_mutex_unlock, (pthread_mutex_t * m))
 *   {
 *       struct actor *me = current();
 *       if (me) {
 *           sync_release(me, (uintptr_t)m);
 *           lock_gone(me, (uintptr_t)m);
 *       }
 *       return REAL(pthread_mutex_unlock)(m);
 *   }
 * Rules: what gives something up is told before the real call, what obtains something after it; result and errno are
 * the real function's. A body never blocks while it holds anything of the detector. */
#ifndef GORACE_INTERPOSE_H
#define GORACE_INTERPOSE_H

#include "../detector/parked.h"
#include "current.h"
#include "libc_types.h" /* every libc header that the table's types need */

#define EXPORT __attribute__((visibility("default")))
#define CALLER ((uintptr_t)__builtin_return_address(0))

#define FUNCTION(ret, name, params) extern ret(*real_##name) params;
#define VERSIONED(ret, name, params, version) FUNCTION(ret, name, params)
#define OPTIONAL(ret, name, params) FUNCTION(ret, name, params)
#include "interpose.def"
#undef FUNCTION
#undef VERSIONED
#undef OPTIONAL

/* Resolves the whole table; idempotent, callable from any moment of the process's life, also before constructors. */
void interpose_resolve(void);

#define REAL(name) (__builtin_expect(real_##name != NULL, 1) ? real_##name : (interpose_resolve(), real_##name))
#define INTERPOSE(ret, name, params) EXPORT ret name params

#endif
