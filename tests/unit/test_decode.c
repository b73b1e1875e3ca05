/* What the decoder says of an instruction's access, against what the processor does with it: each is run with its operand where
 * nothing may be read or written, where something may be read only, and at the end of a page behind which nothing is. Then what a
 * sample makes of several instructions (sample/pending.h). */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../instrument/live.h"
#include "../../sample/pending.h"

#define PAGE 4096

/* ---- what pending.c asks of the process ------------------------------------------------------------------------------ */

static enum place everywhere = PLACE_PROGRAM;

enum place place_of(uintptr_t pc)
{
    (void)pc;
    return everywhere;
}
bool place_insn(uintptr_t pc, struct insn *i)
{
    return decode((const uint8_t *)pc, 15, pc, i);
}
bool place_writable(uintptr_t addr)
{
    (void)addr;
    return true;
}

/* ---- one instruction ------------------------------------------------------------------------------------------------- */

#define READS 1
#define WRITES 2
#define NEEDS_AVX2 4

/* rbx is the address of the operand less `offset`, rcx is INDEX; rsi and rdi are the address, rax and rdx 0. */
#define INDEX 3
static const struct row {
    const char *name, *bytes;
    uint8_t length, size;
    int16_t offset;
    enum memory memory;
    unsigned does;
} rows[] = {
#define ROW(name, bytes, size, offset, memory, does) \
    { \
        name, bytes, sizeof bytes - 1, size, offset, memory, does \
    }
    ROW("mov eax, [rbx]", "\x8b\x03", 4, 0, MEMORY_MOVE, READS),
    ROW("mov [rbx], al", "\x88\x03", 1, 0, MEMORY_MOVE, WRITES),
    ROW("mov ax, [rbx]", "\x66\x8b\x03", 2, 0, MEMORY_MOVE, READS),
    ROW("mov [rbx + 16], rax", "\x48\x89\x43\x10", 8, 16, MEMORY_MOVE, WRITES),
    ROW("mov rax, [rbx + rcx * 4 + 256]", "\x48\x8b\x84\x8b\x00\x01\x00\x00", 8, 256 + 4 * INDEX, MEMORY_MOVE, READS),
    ROW("mov eax, [rbx + rcx - 8]", "\x8b\x44\x0b\xf8", 4, INDEX - 8, MEMORY_MOVE, READS),
    ROW("mov dword [rbx], 7", "\xc7\x03\x07\x00\x00\x00", 4, 0, MEMORY_MOVE, WRITES),
    ROW("movzx eax, byte [rbx]", "\x0f\xb6\x03", 1, 0, MEMORY_MOVE, READS),
    ROW("movsx rax, word [rbx]", "\x48\x0f\xbf\x03", 2, 0, MEMORY_MOVE, READS),
    ROW("movsxd rax, [rbx]", "\x48\x63\x03", 4, 0, MEMORY_MOVE, READS),
    ROW("add eax, [rbx]", "\x03\x03", 4, 0, MEMORY_USE, READS),
    ROW("cmp eax, [rbx]", "\x3b\x03", 4, 0, MEMORY_USE, READS),
    ROW("test byte [rbx], 1", "\xf6\x03\x01", 1, 0, MEMORY_USE, READS),
    ROW("cmovne rax, [rbx]", "\x48\x0f\x45\x03", 8, 0, MEMORY_USE, READS),
    ROW("sete [rbx]", "\x0f\x94\x03", 1, 0, MEMORY_USE, WRITES),
    ROW("movss xmm0, [rbx]", "\xf3\x0f\x10\x03", 4, 0, MEMORY_USE, READS),
    ROW("movsd [rbx], xmm0", "\xf2\x0f\x11\x03", 8, 0, MEMORY_USE, WRITES),
    ROW("movq [rbx], xmm0", "\x66\x0f\xd6\x03", 8, 0, MEMORY_USE, WRITES),
    ROW("fld dword [rbx]", "\xd9\x03", 4, 0, MEMORY_USE, READS),
    ROW("stmxcsr [rbx]", "\x0f\xae\x1b", 4, 0, MEMORY_USE, WRITES),
    ROW("add [rbx], eax", "\x01\x03", 4, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("inc dword [rbx]", "\xff\x03", 4, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("neg byte [rbx]", "\xf6\x1b", 1, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("shl qword [rbx], 1", "\x48\xd1\x23", 8, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("bts dword [rbx], 5", "\x0f\xba\x2b\x05", 4, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("xadd [rbx], eax", "\x0f\xc1\x03", 4, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("cmpxchg [rbx], edx", "\x0f\xb1\x13", 4, 0, MEMORY_UPDATE, READS | WRITES),
    ROW("lock add [rbx], eax", "\xf0\x01\x03", 4, 0, MEMORY_LOCKED, READS | WRITES),
    ROW("xchg [rbx], eax", "\x87\x03", 4, 0, MEMORY_LOCKED, READS | WRITES),
    ROW("lock cmpxchg [rbx], edx", "\xf0\x0f\xb1\x13", 4, 0, MEMORY_LOCKED, READS | WRITES),
    ROW("lock cmpxchg16b [rbx]", "\xf0\x48\x0f\xc7\x0b", 16, 0, MEMORY_LOCKED, READS | WRITES),
    ROW("movups xmm0, [rbx]", "\x0f\x10\x03", 16, 0, MEMORY_VECTOR, READS),
    ROW("movups [rbx], xmm0", "\x0f\x11\x03", 16, 0, MEMORY_VECTOR, WRITES),
    ROW("movdqa xmm0, [rbx]", "\x66\x0f\x6f\x03", 16, 0, MEMORY_VECTOR, READS),
    ROW("paddd xmm0, [rbx]", "\x66\x0f\xfe\x03", 16, 0, MEMORY_VECTOR, READS),
    ROW("vmovdqu ymm0, [rbx]", "\xc5\xfe\x6f\x03", 32, 0, MEMORY_VECTOR, READS | NEEDS_AVX2),
    ROW("vmovdqu [rbx], ymm0", "\xc5\xfe\x7f\x03", 32, 0, MEMORY_VECTOR, WRITES | NEEDS_AVX2),
    ROW("fstp tword [rbx]", "\xdb\x3b", 10, 0, MEMORY_VECTOR, WRITES),
    ROW("lodsb", "\xac", 1, 0, MEMORY_STRING, READS),
    ROW("stosb", "\xaa", 1, 0, MEMORY_STRING, WRITES),
    ROW("stosq", "\x48\xab", 8, 0, MEMORY_STRING, WRITES),
    ROW("scasb", "\xae", 1, 0, MEMORY_STRING, READS),
    ROW("prefetcht0 [rbx]", "\x0f\x18\x0b", 0, 0, MEMORY_NONE, 0),
    ROW("nop [rbx]", "\x0f\x1f\x03", 0, 0, MEMORY_NONE, 0),
    ROW("lea rax, [rbx]", "\x48\x8d\x03", 0, 0, MEMORY_NONE, 0),
    ROW("mov eax, ebx", "\x89\xd8", 0, 0, MEMORY_NONE, 0),
};

static uint8_t *code, *data; /* a page of each; no access before and behind that of data */

static struct {
    bool begins;
    greg_t at_begin[NGREG], set[NGREG];
    int signal;
    uintptr_t fault;
} one;

/* SIGUSR1 goes on in the instruction; what ends that goes back to behind the raise. */
static void on_signal(int signal, siginfo_t *info, void *context)
{
    greg_t *now = ((ucontext_t *)context)->uc_mcontext.gregs;
    if (one.begins) {
        one.begins = false;
        memcpy(one.at_begin, now, sizeof one.at_begin);
        memcpy(now, one.set, (REG_RIP + 1) * sizeof *now); /* not flags and segments */
        return;
    }
    one.signal = signal;
    one.fault = (uintptr_t)info->si_addr;
    memcpy(now, one.at_begin, sizeof one.at_begin);
}

static void set_registers(greg_t *r, const struct row *row, uint8_t *operand)
{
    memset(r, 0, NGREG * sizeof *r);
    r[REG_RIP] = (greg_t)code;
    r[REG_RBX] = (greg_t)operand - row->offset;
    r[REG_RCX] = INDEX;
    r[REG_RSI] = r[REG_RDI] = (greg_t)operand;
}

/* True: it faults, at one.fault. */
static bool faults(const struct row *row, uint8_t *operand)
{
    static _Alignas(64) uint8_t stack[16 * PAGE]; /* for the signals too */
    greg_t at[NGREG];
    set_registers(at, row, operand);
    memcpy(code, row->bytes, row->length);
    code[row->length] = 0xcc;
    memcpy(one.set, at, sizeof at);
    one.set[REG_RSP] = (greg_t)(stack + sizeof stack);
    one.begins = true;
    raise(SIGUSR1);
    assert_true(one.signal == SIGTRAP || one.signal == SIGSEGV || one.signal == SIGBUS);
    return one.signal != SIGTRAP;
}

static void protect(int protection)
{
    assert_int_equal(mprotect(data, PAGE, protection), 0);
}

static void is_as_said(const struct row *row)
{
    struct insn i;
    greg_t registers[NGREG];
    uintptr_t addr = 0;
    const bool reads = row->does & READS, writes = row->does & WRITES;
    assert_true(decode((const uint8_t *)row->bytes, row->length, (uintptr_t)code, &i));
    assert_int_equal(i.length, row->length);
    assert_int_equal(i.memory, row->memory);
    assert_int_equal(i.reads, reads);
    assert_int_equal(i.writes, writes);
    assert_int_equal(i.size, row->size);
    set_registers(registers, row, data + 256);
    if (row->memory != MEMORY_NONE && row->memory != MEMORY_STRING) {
        assert_true(pending_address(&i, registers, ALL_GPRS, &addr));
        assert_ptr_equal((void *)addr, data + 256);
    }
}

static void does_as_said(const struct row *row)
{
    const bool any = row->does & (READS | WRITES);
    protect(PROT_NONE);
    assert_int_equal(faults(row, data + 256), any);
    if (any)
        assert_ptr_equal((void *)one.fault, data + 256);
    protect(PROT_READ);
    assert_int_equal(faults(row, data + 256), (row->does & WRITES) != 0);
    protect(PROT_READ | PROT_WRITE);
    assert_false(faults(row, data + 256));
    if (any) { /* not a byte more, and not one less */
        const uint8_t *end = data + PAGE;
        assert_false(faults(row, (uint8_t *)end - row->size));
        assert_true(faults(row, (uint8_t *)end - row->size + 1));
    }
}

static void test_accesses(void **state)
{
    struct sigaction a = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_NODEFER};
    static const int signals[] = {SIGUSR1, SIGTRAP, SIGSEGV, SIGBUS};
    (void)state;
    for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
        sigaction(signals[k], &a, NULL); /* here: cmocka takes SIGSEGV before */
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        if (rows[k].does & NEEDS_AVX2 && !__builtin_cpu_supports("avx2"))
            continue;
        print_message("%s\n", rows[k].name);
        is_as_said(&rows[k]);
        does_as_said(&rows[k]);
    }
}

static struct insn decoded(const char *bytes, size_t length)
{
    struct insn i;
    assert_true(decode((const uint8_t *)bytes, (unsigned)length, (uintptr_t)code, &i));
    return i;
}
#define DECODED(bytes) decoded(bytes, sizeof bytes - 1)

/* Whose operand is not where the access is: bts [rbx], eax; bt [rbx], rax; mov rax, [0x0807060504030201]. */
static void test_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(DECODED("\x0f\xab\x03").memory, MEMORY_OTHER);
    assert_int_equal(DECODED("\x48\x0f\xa3\x03").memory, MEMORY_OTHER);
    assert_int_equal(DECODED("\x48\xa1\x01\x02\x03\x04\x05\x06\x07\x08").memory, MEMORY_OTHER);
}

/* The result of a search that finds nothing: bsf eax, ebx; bsr rax, rbx; tzcnt eax, ebx, where it is bsf. */
static void test_results_that_stay(void **state)
{
    (void)state;
    assert_true(DECODED("\x0f\xbc\xc3").gpr_read & 1);
    assert_true(DECODED("\x48\x0f\xbd\xc3").gpr_read & 1);
    assert_true(DECODED("\xf3\x0f\xbc\xc3").gpr_read & 1);
    assert_true(DECODED("\x89\xd8").gpr_killed & 1); /* mov eax, ebx */
}

#define CARRY_AND_OVERFLOW 0x801

/* A shift sets flags unless its count is 0, of which 5 bits count, or 6. */
static void test_flags_of_shifts(void **state)
{
    (void)state;
    assert_int_equal(DECODED("\xc1\xe0\x03").flags_killed, ALL_FLAGS);          /* shl eax, 3 */
    assert_int_equal(DECODED("\xd1\xf8").flags_killed, ALL_FLAGS);              /* sar eax, 1 */
    assert_int_equal(DECODED("\xc1\xc0\x03").flags_killed, CARRY_AND_OVERFLOW); /* rol eax, 3 */
    assert_int_equal(DECODED("\xc1\xe0\x00").flags_killed, 0);
    assert_int_equal(DECODED("\xc1\xe0\x20").flags_killed, 0);
    assert_int_equal(DECODED("\xd3\xe0").flags_killed, 0); /* shl eax, cl */
}

/* What another part of the function may need are flags, and an instruction that sets all of them ends that. */
static void test_flags_elsewhere(void **state)
{
    const struct insn insns[] = {
        DECODED("\xf0\x83\x03\x01"), /* lock add dword ptr [rbx], 1 */
        DECODED("\x85\xc0"),         /* test eax, eax */
        DECODED("\x74\x10"),         /* je, to elsewhere */
        DECODED("\xf0\xff\x03"),     /* lock inc dword ptr [rbx]: all but carry */
        DECODED("\x72\x10"),         /* jb, to elsewhere */
        DECODED("\xc3"),
    };
    enum { N = sizeof insns / sizeof *insns };
    const int32_t target[N] = {-1, -1, -1, -1, -1, -1};
    struct live live[N];
    (void)state;
    live_find(insns, target, N, live);
    assert_int_equal(live[0].flags, 0);
    assert_int_equal(live[1].flags, 0);
    assert_int_equal(live[2].flags, ALL_FLAGS);
    assert_int_equal(live[3].flags, 1);
    assert_int_equal(live[3].flags_after, ALL_FLAGS);
    assert_int_equal(live[5].flags, 0);
}

/* xbegin cannot be written as another branch. */
static void test_transactions(void **state)
{
    struct insn i;
    (void)state;
    assert_false(decode((const uint8_t *)"\xc7\xf8\x00\x00\x00\x00", 6, (uintptr_t)code, &i));
}

/* ---- several ----------------------------------------------------------------------------------------------------------- */

/* A frame of its own, as all above it is taken for the stack. */
static __attribute__((noinline)) int found_at(uint8_t *operand, struct pending *list, const char *bytes, size_t length)
{
    greg_t registers[NGREG];
    set_registers(registers, &rows[0], operand);
    memset(code, 0xcc, PAGE);
    memcpy(code, bytes, length);
    registers[REG_RSP] = (greg_t)__builtin_frame_address(0);
    return pending_find(registers, list);
}
#define FOUND(list, bytes) found_at(data + 256, list, bytes, sizeof bytes - 1)

static void test_pending(void **state)
{
    struct pending list[AIMS];
    (void)state;
    /* mov eax, [rbx]; add [rbx + 8], edx */
    assert_int_equal(FOUND(list, "\x8b\x03\x01\x53\x08\xc3"), 2);
    assert_ptr_equal((void *)list[0].addr, data + 256);
    assert_ptr_equal((void *)list[1].addr, data + 256 + 8);
    assert_true(list[0].insn.reads && !list[0].insn.writes && list[1].insn.writes);
    /* the address of the second one is what the first one loads */
    assert_int_equal(FOUND(list, "\x48\x8b\x1b\x8b\x43\x10\xc3"), 1);
    /* behind an atomic instruction, a call, a branch the thread may know more */
    assert_int_equal(FOUND(list, "\xf0\xff\x03\x8b\x43\x10\xc3"), 1);
    assert_int_equal(FOUND(list, "\xe8\x00\x00\x00\x00\x8b\x43\x10\xc3"), 0);
    assert_int_equal(FOUND(list, "\x75\x00\x8b\x43\x10\xc3"), 0);
    assert_int_equal(FOUND(list, "\x0f\x05\x8b\x43\x10\xc3"), 0);
    /* a jump is gone along */
    assert_int_equal(FOUND(list, "\xeb\x02\x0f\x0b\x8b\x43\x10\xc3"), 1);
    /* one word is watched once; the stack and what lies from fs is nobody else's */
    assert_int_equal(FOUND(list, "\x8b\x03\x8b\x43\x04\xc3"), 1);
    assert_int_equal(FOUND(list, "\x8b\x44\x24\x08\x64\x8b\x04\x25\x00\xff\xff\xff\xc3"), 0);
    uint8_t local[64];
    assert_int_equal(found_at(local, list, "\x8b\x03\xc3", 3), 0);
    /* of the C library's accesses: writes of vectors and strings */
    everywhere = PLACE_RUNTIME;
    assert_int_equal(FOUND(list, "\x8b\x03\x89\x43\x08\x0f\x10\x43\x10\xc3"), 0);
    assert_int_equal(FOUND(list, "\x0f\x11\x43\x10\xaa\xc3"), 2);
    everywhere = PLACE_MADE;
    assert_int_equal(FOUND(list, "\x8b\x03\xc3"), 0);
    everywhere = PLACE_PROGRAM;
}

/* movs: the place that is written. A count of 0: nothing is accessed. */
static void test_strings(void **state)
{
    struct pending list[AIMS];
    (void)state;
    assert_int_equal(FOUND(list, "\xa4\xc3"), 1);
    assert_true(list[0].insn.writes && !list[0].insn.reads);
    assert_int_equal(FOUND(list, "\xf3\xaa\xc3"), 1);
    assert_int_equal(FOUND(list, "\x31\xc9\xf3\xaa\xc3"), 0); /* rcx is not known any more */
}

static void test_aims(void **state)
{
    struct pending p = {.addr = 0x10000, .insn = {.size = 4, .reads = true}};
    (void)state;
    assert_int_equal(pending_aim(&p).size, 4);
    assert_int_equal(pending_aim(&p).kind, AIM_WRITES);
    p.addr = 0x10002; /* a breakpoint is aligned */
    assert_int_equal(pending_aim(&p).size, 2);
    p.insn = (struct insn){.size = 16, .writes = true};
    p.addr = 0x10008;
    assert_int_equal(pending_aim(&p).size, 8);
    assert_int_equal(pending_aim(&p).kind, AIM_ACCESSES);
    p.insn.size = 10;
    p.addr = 0x10001;
    assert_int_equal(pending_aim(&p).size, 1);
}

static int begin(void **state)
{
    const char *why = NULL;
    (void)state;
    code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *three = mmap(NULL, 3 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data = three + PAGE;
    return !decode_start(&why) || code == MAP_FAILED || (void *)three == MAP_FAILED;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accesses),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_results_that_stay),
        cmocka_unit_test(test_flags_of_shifts),
        cmocka_unit_test(test_flags_elsewhere),
        cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_pending),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_aims),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
