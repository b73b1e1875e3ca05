/* Code with the hooks that prefetches: its instructions are patched (instrument/fetch_ahead.c), and nothing that the program can see
 * changes. Prints how many should have been. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t table[1 << 12];

/* All registers but the stack pointer have something that is needed behind the prefetch, and so has the red zone; rbx and r12 have
 * the address, rcx and r13 are small. `then` is what comes right behind it. */
#define TRY(name, before, prefetch, then, after) \
    static int name(uint64_t at) \
    { \
        uint64_t sum, carry = 1; \
        __asm__ volatile( \
            "mov %2, %%rbx\n\tmov %2, %%r12\n\tmov $2, %%ecx\n\tmov $2, %%r13d\n\t" \
            "mov $1, %%eax\n\tmov $4, %%edx\n\tmov $8, %%esi\n\tmov $16, %%edi\n\tmov $32, %%r8d\n\t" \
            "mov $64, %%r9d\n\tmov $128, %%r10d\n\tmov $256, %%r11d\n\tmov $512, %%r14d\n\tmov $1024, %%r15d\n\t" \
            "mov %%rdx, -16(%%rsp)\n\txor %%edx, %%edx\n\t" before prefetch "\n\t" then after \
            "mov -16(%%rsp), %%rdx\n\t" \
            "add %%rcx, %%rax\n\tadd %%rdx, %%rax\n\tadd %%rsi, %%rax\n\tadd %%rdi, %%rax\n\tadd %%r8, %%rax\n\t" \
            "add %%r9, %%rax\n\tadd %%r10, %%rax\n\tadd %%r11, %%rax\n\tadd %%r14, %%rax\n\t" \
            "add %%r15, %%rax\n\tmov %%rax, %0\n\tsub %%rbx, %%r12\n\tadd %%r12, %0\n\tsub $2, %%r13\n\tadd %%r13, " \
            "%0\n\t" \
            : "=&m"(sum), "+m"(carry) \
            : "m"(at) \
            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", \
              "memory", "cc"); \
        return sum == 2047 && carry == 1; \
    }

#define NEEDS_FLAGS "setc %1\n\t"
/* Patched: of five bytes and more ... */
TRY(five, "", "prefetcht1 8(%%rbx, %%rcx, 4)", "nop\n\t", "")
TRY(high, "", "prefetchnta 16(%%r12, %%r13, 8)", "nop\n\t", "")
TRY(far, "", "prefetcht2 0x12345(%%rbx)", "add %%al, (%%rsp)\n\t", "sub %%al, (%%rsp)\n\t")
TRY(relative, "", "prefetcht0 table(%%rip)", "nop\n\t", "")
TRY(no_base, "", "prefetcht0 0x100(, %%rcx, 8)", "nop\n\t", "")
TRY(to_write, "", "prefetchw 0x200(%%rbx)", "nop\n\t", "")
/* ... and of four, with what is behind it above and below. */
TRY(four_above, "", "prefetcht0 8(%%rbx)", "mov %%rax, %%rax\n\t", "")
TRY(four_below, "", "prefetcht0 (%%rbx, %%rcx, 4)", "nop\n\t", "")
TRY(four_high, "", "prefetcht0 (%%r13)", "xchg %%eax, %%eax\n\t", "")
TRY(four_in_a_row, "prefetcht0 (%%rbx, %%rcx, 4)\n\tprefetcht0 8(%%rbx)\n\t", "prefetcht0 16(%%rbx)", "nop\n\t", "")
/* Not so: too short, before what needs the flags, from the stack pointer, thread-local, and a place where the heap grows to. */
TRY(three, "", "prefetcht0 (%%rbx)", "nop\n\t", "")
TRY(flags, "stc\n\t", "prefetcht0 8(%%rbx, %%rcx, 4)", "", NEEDS_FLAGS)
TRY(stack, "", "prefetcht0 64(%%rsp)", "nop\n\t", "")
TRY(local, "", "prefetcht0 %%fs:8(%%rbx)", "nop\n\t", "")
TRY(four_near, "", "prefetcht0 8(%%rbx)", "add %%al, (%%rsp)\n\t", "sub %%al, (%%rsp)\n\t")

#define PATCHED 12
static int (*const tries[])(uint64_t) = {five,     high,       far,        relative,  no_base,
                                         to_write, four_above, four_below, four_high, four_in_a_row,
                                         three,    flags,      stack,      local,     four_near};

static void *run(void *arg)
{
    static const uint64_t addresses[] = {
        0, 1, UINT64_C(1) << 46, UINT64_C(1) << 47, ~UINT64_C(0), UINT64_C(0xdeadbeef) << 32};
    int *failed = arg;
    for (size_t t = 0; t < sizeof tries / sizeof *tries; t++)
        for (size_t k = 0; k <= sizeof addresses / sizeof *addresses; k++)
            if (!tries[t](k ? addresses[k - 1] : (uint64_t)&table[7]))
                *failed += 1;
    return NULL;
}

int main(void)
{
    pthread_t other;
    int failed[2] = {0, 0};
    pthread_create(&other, NULL, run, &failed[0]);
    run(&failed[1]);
    pthread_join(other, NULL);
    printf("%d\n", PATCHED);
    return failed[0] + failed[1] != 0;
}
