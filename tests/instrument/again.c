/* Accesses that were known, and are new since their thread has unlocked a mutex: by every form of address that a check has code of its own
 * for, with flags that the program needs and without, loads and stores. Another thread knows what came before the unlock, and races with
 * what came after it. A store's byte was loaded in the same epoch, and the other thread loads it: so what is known of loads may
 * not do for stores. Prints how many races there are, and fails if a flag or a value is lost. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>

#include "barrier.h"

#define PLACE 64 /* bytes; the one that is accessed is in the middle */

/* set: makes the registers from the address in rdx, of which `operand` gives it back. */
#define FORMS(FORM) \
    FORM(base, "lea (%%rdx), %%rdi", "(%%rdi)") \
    FORM(near, "lea -5(%%rdx), %%rdi", "5(%%rdi)") \
    FORM(back, "lea 9(%%rdx), %%rdi", "-9(%%rdi)") \
    FORM(far, "lea -0x12345(%%rdx), %%rdi", "0x12345(%%rdi)") \
    FORM(farther, "lea -0x40000001(%%rdx), %%rdi", "0x40000001(%%rdi)") \
    FORM(sib, "lea (%%rdx), %%r12", "(%%r12)") \
    FORM(displaced, "lea (%%rdx), %%r13", "(%%r13)") \
    FORM(rcx, "lea (%%rdx), %%rcx", "(%%rcx)") \
    FORM(by1, "lea -7(%%rdx), %%rdi\n\tmov $7, %%esi", "(%%rdi,%%rsi)") \
    FORM(by2, "lea -7(%%rdx), %%r14\n\tmov $3, %%esi", "1(%%r14,%%rsi,2)") \
    FORM(by4, "lea -12(%%rdx), %%rdi\n\tmov $3, %%r12d", "(%%rdi,%%r12,4)") \
    FORM(by8, "lea -32(%%rdx), %%rdi\n\tmov $3, %%r15d", "8(%%rdi,%%r15,8)") \
    FORM(index, "lea (,%%rdx,1), %%rdi", "(,%%rdi,1)") \
    FORM(thread, "mov %%rdx, %%rdi\n\tsub %%fs:0, %%rdi", "%%fs:(%%rdi)")

#define USED "rcx", "rdi", "rsi", "r12", "r13", "r14", "r15", "memory", "cc"

/* The carry is set before the access, and after it. */
#define FUNCTIONS(name, set, operand) \
    static int name##_load(volatile uint8_t *p) \
    { \
        int value = 0; \
        __asm__ volatile(set "\n\tmovb " operand ", %b0" : "+&a"(value) : "d"(p) : USED); \
        return value; \
    } \
    static int name##_load_flags(volatile uint8_t *p) \
    { \
        int value = 0; \
        __asm__ volatile(set "\n\tstc\n\tmovb " operand ", %b0\n\tadc $0, %b0" : "+&a"(value) : "d"(p) : USED); \
        return value - 1; \
    } \
    static int name##_store(volatile uint8_t *p) \
    { \
        __asm__ volatile(set "\n\tmovb %b0, " operand : : "a"(7), "d"(p) : USED); \
        return 7; \
    } \
    static int name##_store_flags(volatile uint8_t *p) \
    { \
        int value = 7; \
        __asm__ volatile(set "\n\tstc\n\tmovb %b0, " operand "\n\tadc $0, %b0" : "+&a"(value) : "d"(p) : USED); \
        return value - 1; \
    }
FORMS(FUNCTIONS)

#define ROW(name, set, operand) {name##_load, 0}, {name##_load_flags, 0}, {name##_store, 1}, {name##_store_flags, 1},
static const struct {
    int (*access)(volatile uint8_t *p);
    int writes;
} accesses[] = {FORMS(ROW)};
#define N (sizeof accesses / sizeof *accesses)

static uint8_t places[N][PLACE] __attribute__((aligned(PLACE)));
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct barrier met;
static int lost;

static void access_all(void)
{
    for (unsigned k = 0; k < N; k++) {
        volatile uint8_t *p = &places[k][PLACE / 2];
        if (accesses[k].writes)
            (void)*p;
        lost += accesses[k].access(p) != 7;
    }
}

static void unlock_once(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

static void *one(void *arg)
{
    access_all();
    unlock_once();
    barrier_wait(&met, 2);
    access_all();
    barrier_wait(&met, 2);
    return arg;
}

/* An access of one byte as no atomic operation makes it. */
static void race(uint8_t *at, int writes)
{
    unsigned long count = 1;
    if (writes)
        __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(7) : "memory");
    else
        __asm__ volatile("rep lodsb" : "+S"(at), "+c"(count) : : "rax", "memory");
}

static void *other(void *arg)
{
    barrier_wait(&met, 2);
    unlock_once();
    barrier_wait(&met, 2);
    for (unsigned k = 0; k < N; k++)
        race(&places[k][PLACE / 2], !accesses[k].writes);
    return arg;
}

int main(void)
{
    pthread_t t[2];
    for (unsigned k = 0; k < N; k++)
        places[k][PLACE / 2] = 7;
    pthread_create(&t[0], NULL, one, NULL);
    pthread_create(&t[1], NULL, other, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    printf("%zu\n", N);
    return lost != 0;
}
