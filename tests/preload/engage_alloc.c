/* malloc and its family, operator new and delete, mappings. */
#include "engage.h"

CASE(malloc)
{
    char *p = CALL(malloc)(100);
    CHECK(p && malloc_usable_size(p) >= 100);
    ALLOCATES(p, 100);
}

CASE(calloc)
{
    char *p = CALL(calloc)(10, 10);
    CHECK(p && p[0] == 0 && p[99] == 0);
    ALLOCATES(p, 100);
    errno = 0;
    CHECK(CALL(calloc)(SIZE_MAX / 2, 3) == NULL && errno == ENOMEM);
}

/* The bytes that are kept are written; a failure leaves the block as it was. */
CASE(realloc)
{
    char *p = CALL(realloc)(NULL, 100), *q;
    ALLOCATES(p, 100);
    p[99] = 'x';
    from_here();
    q = CALL(realloc)(p, 100000);
    CHECK(q && q[99] == 'x');
    FREES(p);
    ALLOCATES(q, 100000);
    WRITES(q, 100);
    from_here();
    CHECK(CALL(realloc)(q, SIZE_MAX / 2) == NULL && errno == ENOMEM && q[99] == 'x');
    ALLOCATES(q, 100000);
    CHECK(CALL(realloc)(q, 0) == NULL);
}

CASE(reallocarray)
{
    char *p = CALL(reallocarray)(NULL, 10, 10);
    CHECK(p != NULL);
    ALLOCATES(p, 100);
    errno = 0;
    CHECK(CALL(reallocarray)(p, SIZE_MAX / 2, 3) == NULL && errno == ENOMEM);
}

CASE(free)
{
    char *p = malloc(100);
    errno = EDOM;
    CALL(free)(p);
    FREES(p);
    CALL(free)(NULL);
    CHECK(errno == EDOM);
}

CASE(cfree)
{
    char *p = malloc(100);
    CALL(cfree)(p);
    FREES(p);
}

CASE(posix_memalign)
{
    void *p = NULL;
    CHECK(CALL(posix_memalign)(&p, 256, 100) == 0 && (uintptr_t)p % 256 == 0);
    ALLOCATES(p, 100);
    WRITES(&p, sizeof p);
    CHECK(CALL(posix_memalign)(&p, 3, 100) == EINVAL);
}

CASE(aligned_alloc)
{
    void *p = CALL(aligned_alloc)(256, 512);
    CHECK(p && (uintptr_t)p % 256 == 0);
    ALLOCATES(p, 512);
}

CASE(memalign)
{
    void *p = CALL(memalign)(256, 100);
    CHECK(p && (uintptr_t)p % 256 == 0);
    ALLOCATES(p, 100);
}

CASE(valloc)
{
    void *p = CALL(valloc)(100);
    CHECK(p && (uintptr_t)p % 4096 == 0);
    ALLOCATES(p, 100);
}

CASE(pvalloc)
{
    void *p = CALL(pvalloc)(100);
    CHECK(p && (uintptr_t)p % 4096 == 0);
    ALLOCATES(p, 4096);
}

/* Once a program asks for usable sizes, it may use what it was told: fresh bytes reach as far. */
CASE(malloc_usable_size)
{
    char *p = malloc(100);
    size_t usable = CALL(malloc_usable_size)(p);
    CHECK(usable >= 100 && CALL(malloc_usable_size)(NULL) == 0);
    p = malloc(100);
    FRESH(p + 100, usable - 100);
}

/* ---- C++ ----------------------------------------------------------------------------------------------------------- */

#define NEW(name, size, ...) \
    CASE(name) \
    { \
        void *p = CALL(name)(__VA_ARGS__); \
        CHECK(p &&malloc_usable_size(p) >= size); \
        ALLOCATES(p, size); \
    }
#define DELETE(name, make, ...) \
    CASE(name) \
    { \
        void *p = make; \
        from_here(); \
        CALL(name)(p, ##__VA_ARGS__); \
        FREES(p); \
    }

NEW(_Znwm, 100, 100)
NEW(_Znam, 100, 100)
NEW(_ZnwmRKSt9nothrow_t, 100, 100, NULL)
NEW(_ZnamRKSt9nothrow_t, 100, 100, NULL)
NEW(_ZnwmSt11align_val_t, 128, 128, 64)
NEW(_ZnamSt11align_val_t, 128, 128, 64)
NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, 128, 128, 64, NULL)
NEW(_ZnamSt11align_val_tRKSt9nothrow_t, 128, 128, 64, NULL)

#define PLAIN CALL(_Znwm)(100)
#define ALIGNED CALL(_ZnwmSt11align_val_t)(128, 64)
DELETE(_ZdlPv, PLAIN)
DELETE(_ZdaPv, PLAIN)
DELETE(_ZdlPvm, PLAIN, 100)
DELETE(_ZdaPvm, PLAIN, 100)
DELETE(_ZdlPvRKSt9nothrow_t, PLAIN, NULL)
DELETE(_ZdaPvRKSt9nothrow_t, PLAIN, NULL)
DELETE(_ZdlPvSt11align_val_t, ALIGNED, 64)
DELETE(_ZdaPvSt11align_val_t, ALIGNED, 64)
DELETE(_ZdlPvmSt11align_val_t, ALIGNED, 128, 64)
DELETE(_ZdaPvmSt11align_val_t, ALIGNED, 128, 64)
DELETE(_ZdlPvSt11align_val_tRKSt9nothrow_t, ALIGNED, 64, NULL)
DELETE(_ZdaPvSt11align_val_tRKSt9nothrow_t, ALIGNED, 64, NULL)

/* ---- mappings ------------------------------------------------------------------------------------------------------- */

#define PROTECTION PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS

CASE(mmap)
{
    char *p = CALL(mmap)(NULL, 8192, PROTECTION, -1, 0);
    CHECK(p != MAP_FAILED && p[8191] == 0);
    FRESH(p, 8192);
    errno = 0;
    CHECK(CALL(mmap)(NULL, 0, PROTECTION, -1, 0) == MAP_FAILED && errno == EINVAL);
}

CASE(mmap64)
{
    char *p = CALL(mmap64)(NULL, 8192, PROTECTION, -1, 0);
    CHECK(p != MAP_FAILED && p[8191] == 0);
    FRESH(p, 8192);
}

CASE(mprotect)
{
    char *p = mmap(NULL, 4096, PROTECTION, -1, 0);
    CHECK(CALL(mprotect)(p, 4096, PROT_READ) == 0);
    errno = 0;
    CHECK(CALL(mprotect)(p + 1, 4096, PROT_READ) == -1 && errno == EINVAL);
}

CASE(munmap)
{
    char *p = mmap(NULL, 8192, PROTECTION, -1, 0);
    from_here();
    CHECK(CALL(munmap)(p, 8192) == 0);
    FRESH(p, 8192);
    CHECK(CALL(munmap)(p + 1, 8192) == -1 && errno == EINVAL);
}

CASE(mremap)
{
    char *p = mmap(NULL, 8192, PROTECTION, -1, 0), *wall = mmap(p + 8192, 4096, PROTECTION | MAP_FIXED, -1, 0);
    p[0] = 'x';
    from_here();
    char *q = CALL(mremap)(p, 8192, 16384, MREMAP_MAYMOVE);
    CHECK(wall == p + 8192 && q != MAP_FAILED && q != p && q[0] == 'x');
    FRESH(p, 8192);
    FRESH(q, 16384);
    CHECK(CALL(mremap)(q, 16384, 4096, 0) == q);
    FRESH(q + 4096, 12288);
    char *place = mmap(NULL, 8192, PROTECTION, -1, 0);
    CHECK(CALL(mremap)(q, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED, place) == place && place[0] == 'x');
}

CASE(sbrk)
{
    char *old = CALL(sbrk)(0);
    CHECK(CALL(sbrk)(4096) == old && (char *)CALL(sbrk)(0) == old + 4096);
    FRESH(old, 4096);
}

CASE(brk)
{
    char *old = sbrk(0);
    CHECK(CALL(brk)(old + 4096) == 0 && (char *)sbrk(0) == old + 4096);
    FRESH(old, 4096);
}

CASE(shmat)
{
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
    char *p = CALL(shmat)(id, NULL, 0);
    shmctl(id, IPC_RMID, NULL);
    CHECK(p != (void *)-1 && p[0] == 0);
    FRESH(p, 4096);
}
