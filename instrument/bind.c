/* See bind.h.
 *
 * dlsym and dlvsym take the module that calls from their return address: it is exchanged for the original's, behind which
 * a trap leads back into the copy.
 *
 * The unwinder of gcc finds what it knows of a frame by _Unwind_Find_FDE. For a return address in a copy it is given the
 * original function's entry, with the beginning moved so that the distance to the address is the original's: rules of
 * frames and tables of exceptions are looked up by that distance. The landing pad that follows from it is moved in the same
 * way, and moved back when it is set (_Unwind_SetIP); the unwinder then goes to the original's landing pad, where a trap
 * leads into the copy. */
#include "bind.h"

#include <dlfcn.h>
#include <stddef.h>
#include <sys/mman.h>

#include "../detector/os.h"
#include "../preload/raw.h"
#include "engine.h"

/* ---- replacements --------------------------------------------------------------------------------------------------- */

/* The arguments and the stack are the caller's, but for the return address. */
#define ORIGINAL_RETURN(name, real) \
    __asm__(".pushsection .text\n" \
            ".type " #name ",@function\n" \
            ".hidden " #name "\n" #name ":\n\t" \
            "push %rdi\n\tpush %rsi\n\tpush %rdx\n\t" \
            "mov 24(%rsp), %rdi\n\t" \
            "call bind_return\n\t" \
            "mov %rax, 24(%rsp)\n\t" \
            "pop %rdx\n\tpop %rsi\n\tpop %rdi\n\t" \
            "jmp *" #real "(%rip)\n" \
            ".popsection")
ORIGINAL_RETURN(bind_dlsym, bind_real_dlsym);
ORIGINAL_RETURN(bind_dlvsym, bind_real_dlvsym);
void bind_dlsym(void);
void bind_dlvsym(void);
extern void *bind_real_dlsym, *bind_real_dlvsym;
HIDDEN void *bind_real_dlsym, *bind_real_dlvsym;

uintptr_t bind_return(uintptr_t pc);
__attribute__((used)) uintptr_t bind_return(uintptr_t pc)
{
    const uintptr_t original = engine_original_return(pc);
    return original ? original : pc;
}

struct bases {
    void *text, *data, *function;
};
static const void *(*real_find_fde)(void *pc, struct bases *bases);
static void (*real_set_ip)(void *context, uintptr_t ip);
static uintptr_t (*real_get_ip)(void *context);

static const void *find_fde(void *pc, struct bases *bases)
{
    const uintptr_t original = engine_original((uintptr_t)pc);
    if (!original)
        return real_find_fde(pc, bases);
    const void *fde = real_find_fde((void *)original, bases);
    if (fde)
        bases->function = (char *)bases->function + ((uintptr_t)pc - original);
    return fde;
}

/* By the address that was looked up: that before the return address. */
static void set_ip(void *context, uintptr_t ip)
{
    const uintptr_t here = real_get_ip(context) - 1, original = engine_original(here);
    real_set_ip(context, original && !engine_in_text(ip) ? ip - (here - original) : ip);
}

static const struct binding {
    const char *name;
    void *ours;
    void **real;
} bindings[] = {
    {"dlsym", (void *)bind_dlsym, &bind_real_dlsym},
    {"dlvsym", (void *)bind_dlvsym, &bind_real_dlvsym},
    {"_Unwind_Find_FDE", (void *)find_fde, (void **)&real_find_fde},
    {"_Unwind_SetIP", (void *)set_ip, (void **)&real_set_ip},
    {"_Unwind_GetIP", NULL, (void **)&real_get_ip},
};

/* ---- tables ---------------------------------------------------------------------------------------------------------- */

struct tables {
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Rela) * rela, *plt;
    size_t nrela, nplt;
};

static uintptr_t address(const struct image *m, uintptr_t p)
{
    return p < m->load ? p + m->load : p;
}

static bool same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

static void exchange(uintptr_t place, void *value)
{
    const uintptr_t page = place & ~(OS_PAGE - 1);
    if (*(void **)place == value)
        return;
    /* Relocated tables are read-only by now; they stay writable, as the few pages of them that there are. */
    if (raw_syscall(SYS_mprotect, (long)page, OS_PAGE, PROT_READ | PROT_WRITE, 0, 0, 0) == 0)
        __atomic_store_n((void **)place, value, __ATOMIC_RELEASE);
}

static void bind_table(const struct image *m, const struct tables *t, const ElfW(Rela) * rela, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const unsigned long type = ELF64_R_TYPE(rela[i].r_info), symbol = ELF64_R_SYM(rela[i].r_info);
        if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) || !symbol)
            continue;
        const char *name = t->strings + t->symbols[symbol].st_name;
        for (size_t k = 0; k < sizeof bindings / sizeof *bindings; k++)
            if (bindings[k].ours && *bindings[k].real && same(name, bindings[k].name))
                exchange(m->load + rela[i].r_offset, bindings[k].ours);
    }
}

static void find_real(void)
{
    for (size_t k = 0; k < sizeof bindings / sizeof *bindings; k++)
        if (!*bindings[k].real)
            *bindings[k].real = dlsym(RTLD_DEFAULT, bindings[k].name);
}

void bind_module(const struct image *m)
{
    struct tables t = {0};
    find_real();
    for (const ElfW(Dyn) *d = m->dynamic; d && d->d_tag != DT_NULL; d++) {
        const uintptr_t p = address(m, d->d_un.d_ptr);
        switch (d->d_tag) {
        case DT_SYMTAB:
            t.symbols = (const ElfW(Sym) *)p;
            break;
        case DT_STRTAB:
            t.strings = (const char *)p;
            break;
        case DT_RELA:
            t.rela = (const ElfW(Rela) *)p;
            break;
        case DT_RELASZ:
            t.nrela = d->d_un.d_val / sizeof(ElfW(Rela));
            break;
        case DT_JMPREL:
            t.plt = (const ElfW(Rela) *)p;
            break;
        case DT_PLTRELSZ:
            t.nplt = d->d_un.d_val / sizeof(ElfW(Rela));
            break;
        default:
            break;
        }
    }
    if (!t.symbols || !t.strings)
        return;
    if (t.rela)
        bind_table(m, &t, t.rela, t.nrela);
    if (t.plt)
        bind_table(m, &t, t.plt, t.nplt);
}
