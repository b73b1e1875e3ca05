/* What a program keeps in flags and vector registers is there after the accesses that are looked at: also in the registers that
 * AVX-512 has added, where the processor has them. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t shared[64];

/* Loads and stores of all kinds that are checked, at fs:.. none: by rdi. */
#define ACCESSES \
    "mov (%1), %%rax\n\tmov %%rax, 8(%1)\n\tmovb $1, 17(%1)\n\tmov 20(%1), %%ecx\n\tincl 24(%1)\n\tcmpw $0, " \
    "32(%1)\n\t" \
    "mov 37(%1), %%rdx\n\t"

static int narrow(const uint64_t in[2][2])
{
    uint64_t out[2][2];
    __asm__ volatile("movups (%2), %%xmm0\n\tmovups 16(%2), %%xmm1\n\t" ACCESSES
                     "movups %%xmm0, (%0)\n\tmovups %%xmm1, 16(%0)\n\t"
                     :
                     : "r"(out), "r"(shared), "r"(in)
                     : "rax", "rcx", "rdx", "xmm0", "xmm1", "memory", "cc");
    return memcmp(in, out, sizeof out) == 0;
}

/* All of them, where the processor has that, in 32 bytes. */
static __attribute__((noinline)) int all_vectors(uint64_t *at)
{
    static uint64_t in[16][4], out[16][4];
    for (unsigned k = 0; k < 64; k++)
        in[k / 4][k % 4] = k * UINT64_C(0x9e3779b97f4a7c15) + 1;
    __asm__ volatile(
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tvmovups 32*\\n(%2), %%ymm\\n\n\t.endr\n\t" ACCESSES
        ".irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\tvmovups %%ymm\\n, 32*\\n(%0)\n\t.endr\n\t"
        "vzeroupper\n\t"
        :
        : "r"(out), "r"(at), "r"(in)
        : "rax", "rcx", "rdx", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
          "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
    return memcmp(in, out, sizeof out) == 0;
}

/* A search for a bit in what has none leaves the register as it was, over the access that it is. */
static __attribute__((noinline)) int searches(const uint64_t *none)
{
    uint64_t up = 64, down = 65;
    __asm__ volatile("bsf (%2), %0\n\tbsr (%2), %1" : "+&r"(up), "+&r"(down) : "r"(none) : "memory", "cc");
    return up == 64 && down == 65;
}

/* Each flag is set, and then cleared, over a load and a store. */
static int flags(void)
{
    uint64_t set, clear;
    __asm__ volatile("mov $0x7fffffff, %%eax\n\tadd $1, %%eax\n\tstc\n\t" /* OF SF AF PF CF */
                     "mov (%2), %%rcx\n\tmov %%rcx, 8(%2)\n\tpushfq\n\tpop %0\n\t"
                     "mov $1, %%eax\n\ttest %%eax, %%eax\n\tmov (%2), %%rcx\n\tmov %%rcx, 8(%2)\n\tpushfq\n\tpop %1\n\t"
                     : "=&r"(set), "=&r"(clear)
                     : "r"(shared)
                     : "rax", "rcx", "memory", "cc");
    return (set & 0x8d5) == 0x895 && (clear & 0x8c5) == 0;
}

/* All general registers are there after prefetches of any address, which nobody may fault for, and so are flags between. */
static int prefetches(void)
{
    static const uint64_t addresses[] = {
        0, 1, UINT64_C(1) << 46, UINT64_C(1) << 47, ~UINT64_C(0), UINT64_C(0xdeadbeef) << 32};
    int kept = 1;
    for (size_t k = 0; k <= sizeof addresses / sizeof *addresses; k++) {
        const uint64_t at = k ? addresses[k - 1] : (uint64_t)shared;
        uint64_t sum, flags;
        __asm__ volatile("mov $1, %%eax\n\tmov $2, %%ecx\n\tmov $4, %%edx\n\tmov $8, %%esi\n\tmov $16, %%edi\n\t"
                         "mov $32, %%r8d\n\tmov $64, %%r9d\n\tmov $128, %%r10d\n\tmov $256, %%r11d\n\t"
                         "prefetcht0 (%2)\n\tstc\n\tprefetcht1 8(%2, %%rcx, 4)\n\tprefetchnta -300(%2)\n\t"
                         "pushfq\n\tpop %1\n\tprefetchw (%2)\n\t"
                         "lea (%%rax, %%rcx), %0\n\tadd %%rdx, %0\n\tadd %%rsi, %0\n\tadd %%rdi, %0\n\t"
                         "add %%r8, %0\n\tadd %%r9, %0\n\tadd %%r10, %0\n\tadd %%r11, %0\n\t"
                         : "=&r"(sum), "=&r"(flags)
                         : "r"(at)
                         : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
        kept &= sum == 511 && flags & 1;
    }
    return kept;
}

/* All general registers are needed over accesses by all forms of address, with and without flags that are needed. */
static int general(void)
{
    uint64_t sum = 0, carry;
    uint64_t *at = shared;
    __asm__ volatile("mov $1, %%eax\n\tmov $2, %%ebx\n\tmov $4, %%ecx\n\tmov $8, %%edx\n\tmov $16, %%esi\n\t"
                     "mov $32, %%r8d\n\tmov $64, %%r9d\n\tmov $128, %%r10d\n\tmov $256, %%r11d\n\t"
                     "mov $512, %%r12d\n\tmov $1024, %%r13d\n\tmov $2048, %%r14d\n\tmov $4096, %%r15d\n\t"
                     "cmpb $3, (%%rdi)\n\tincl 4(%%rdi,%%rax)\n\tmov %%r9, 100(%%rdi,%%rbx,2)\n\t"
                     "movb %%r8b, 8(%%rdi,%%rcx,4)\n\tcmpl $7, (%%rdi,%%rdx,8)\n\ttestq %%rax, 200(%%rdi)\n\t"
                     "cmpb %%r15b, 9(%%rdi)\n\tcmpw $1, 300(%%rdi)\n\tcmovc 8(%%rdi), %%eax\n\tmov $1, %%eax\n\t"
                     "stc\n\tmovb %%r8b, 8(%%rdi,%%rcx,4)\n\tmov %%r9, 100(%%rdi,%%rbx,2)\n\tmov %%r14, 64(%%rdi)\n\t"
                     "movups %%xmm0, 256(%%rdi)\n\tsetc %%al\n\t"
                     "lea (%%rax,%%rbx), %0\n\tadd %%rcx, %0\n\tadd %%rdx, %0\n\tadd %%rsi, %0\n\tadd %%r8, %0\n\t"
                     "add %%r9, %0\n\tadd %%r10, %0\n\tadd %%r11, %0\n\tadd %%r12, %0\n\tadd %%r13, %0\n\t"
                     "add %%r14, %0\n\tadd %%r15, %0\n\tmovzbl %%al, %%ecx\n\t"
                     : "=D"(sum), "=&c"(carry)
                     : "D"(at)
                     : "rax", "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory",
                       "cc");
    return sum == 8191 && carry == 1;
}

/* Functions that call nobody and keep something below the stack pointer, also where others may put registers aside (frame.h). All general
 * registers and the carry are needed over the accesses: the result is the sum. */
#define LEAF(name, begin, put, add, end) \
    uint64_t name(uint64_t *at); \
    __asm__(".pushsection .text\n.type " #name ",@function\n" #name ":\n\t.cfi_startproc\n\t" begin put \
            "mov $1, %ecx\n\tmov $2, %edx\n\tmov $3, %esi\n\tmov $4, %r8d\n\tmov $5, %r9d\n\tmov $6, %r11d\n\t" \
            "stc\n\tmov (%rdi), %rax\n\tmov %rax, 8(%rdi)\n\tmovb %r8b, 17(%rdi,%rcx,4)\n\tsbb %r10, %r10\n\t" \
            "mov 37(%rdi), %rax\n\tcmpb $3, 40(%rdi)\n\tmov $0, %eax\n\t" add "add %rcx, %rax\n\tadd %rdx, %rax\n\t" \
            "add %rsi, %rax\n\tadd %r8, %rax\n\tadd %r9, %rax\n\tadd %r10, %rax\n\tadd %r11, %rax\n\t" end \
            "ret\n\t.cfi_endproc\n.size " #name ", .-" #name "\n.popsection")
#define PUT(at) "movq $100, " at "\n\t"
#define ADD(at) "add " at ", %rax\n\t"
#define LOWEST(IT, base) \
    IT("-128(" base ")") IT("-120(" base ")") IT("-112(" base ")") IT("-104(" base ")") IT("-96(" base ")")
#define UPPER(IT, base) IT("-88(" base ")") IT("-8(" base ")")
LEAF(keeps_lowest, "", LOWEST(PUT, "%rsp"), LOWEST(ADD, "%rsp"), "");
LEAF(keeps_upper, "", UPPER(PUT, "%rsp"), UPPER(ADD, "%rsp"), "");
LEAF(keeps_by_frame,
     "push %rbp\n\t.cfi_adjust_cfa_offset 8\n\t.cfi_offset %rbp, -16\n\tmov %rsp, %rbp\n\t.cfi_def_cfa_register "
     "%rbp\n\t",
     LOWEST(PUT, "%rbp"), LOWEST(ADD, "%rbp"), "pop %rbp\n\t.cfi_def_cfa %rsp, 8\n\t");
#define BEHIND(IT) IT("-120(%r10)") IT("-112(%r10)") IT("-104(%r10)") IT("-96(%r10)") IT("-88(%r10)")
#define TAKEN "lea -8(%rsp), %r10\n\t"
LEAF(keeps_by_address, "", TAKEN BEHIND(PUT), TAKEN BEHIND(ADD) "mov $-1, %r10\n\t", "");

static int red_zones(void)
{
    return keeps_lowest(shared) == 520 && keeps_upper(shared) == 220 && keeps_by_frame(shared) == 520 &&
           keeps_by_address(shared) == 520;
}

/* It uses what the check of other functions does: when it has begun, others' registers are kept elsewhere. */
static __attribute__((noinline)) int wide(const uint64_t in[2][8])
{
    uint64_t out[2][8], mask = 0;
    uint32_t k = 0xa5a5;
    __asm__ volatile("vmovdqu64 (%3), %%zmm30\n\tvmovdqu64 64(%3), %%zmm31\n\tvmovdqa64 %%zmm30, %%zmm29\n\tkmovw %4, "
                     "%%k7\n\t" ACCESSES "vmovdqu64 %%zmm29, (%2)\n\tvmovdqu64 %%zmm31, 64(%2)\n\tkmovw %%k7, %k0\n\t"
                     : "+r"(mask)
                     : "r"(shared), "r"(out), "r"(in), "r"(k)
                     : "rax", "rcx", "rdx", "memory", "cc");
    return memcmp(in, out, sizeof out) == 0 && mask == k;
}

static void *run(void *arg)
{
    static const uint64_t in[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {~0u, 9, 8, 7, 6, 5, 4, 3}};
    static uint64_t none[1000];
    static const uint64_t two[2][2] = {{0x0123456789abcdef, 42}, {~UINT64_C(0), 7}};
    int kept = 1;
    for (int i = 0; i < 32 && __builtin_cpu_supports("avx"); i++)
        kept &= all_vectors(shared + i);
    for (int i = 0; i < 1000; i++) {
        shared[i % 64] = (uint64_t)i;
        kept &= narrow(two) && flags() && prefetches() && general() && red_zones() && searches(&none[i]);
        if (__builtin_cpu_supports("avx"))
            kept &= all_vectors(shared);
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"))
            kept &= wide(in);
    }
    *(int *)arg = kept;
    return NULL;
}

int main(void)
{
    pthread_t thread;
    int kept = 0;
    pthread_create(&thread, NULL, run, &kept);
    pthread_join(thread, NULL);
    puts(kept ? "kept" : "lost");
    return !kept;
}
