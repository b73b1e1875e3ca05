/* Names for addresses, as one table of functions that the module libgorace-symbolize.so hands out.
 *
 * It is a module of its own because libdw uses malloc and brings libraries with it; libgorace.so itself needs the C
 * library only. Nothing here is called with a lock of the core held, and the caller stands in inside_begin(), so that
 * what libdw does is not taken for the program's doing.
 *
 * The caller makes sure that only one thread is in here at a time (report.c holds its lock). Strings and frames live as
 * long as the process. */
#ifndef GORACE_SYMBOLIZE_H
#define GORACE_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYMBOLIZER_ABI 3
#define SYMBOLIZER_ENTRY "gorace_symbolizer"
#define SYMBOLIZER_FILE "libgorace-symbolize.so"

/* One function that was running at a return address. Strings are NULL when unknown, numbers 0. */
struct symbol_frame {
    const char *function;   /* as in the source, demangled */
    const char *linkage;    /* as in the symbol table */
    const char *file;       /* full name */
    const char *file_short; /* the same without the folder that the compiler ran in */
    int line, column;
    int function_line;    /* where the function begins, when that is in `file` too */
    const char *module;   /* full name of the executable or library; "" when the address is in none */
    const char *build_id; /* hexadecimal; "" when it has none */
    uint64_t offset;      /* of the call (return address - 1) in the module, as addr2line takes it */
    bool inlined;         /* into the next frame */
};

struct symbol_variable {
    const char *name;
    uintptr_t base;
    size_t size;
    const char *file, *file_short; /* of the definition */
    int line;
    const char *module;
    uint64_t offset;
    bool atomic; /* what is at the address that was asked for has an atomic type */
};

struct symbolizer {
    int abi;
    /* The functions at return address `pc`, inlined ones first. At least one; it may know no more than the address. */
    int (*frames)(uintptr_t pc, const struct symbol_frame **frames);
    /* The global or static variable that holds `addr`. `pcs`, return addresses of code that uses it, say where to look
     * first for the line of its definition. */
    bool (*variable)(uintptr_t addr, const uintptr_t *pcs, int npcs, struct symbol_variable *v);
    /* What follows is asked at one moment: modules may have come and gone since the last time. */
    void (*refresh)(void);
    /* Some module is about to be unloaded: remember what lies where. */
    void (*note_unload)(void);
    /* Folder of separate debug files (the string is kept), and whether anything but module and offset is wanted. */
    void (*settings)(const char *debug_root, bool names);
};

/* The module's only export; NULL when it does not speak `abi`. */
typedef const struct symbolizer *symbolizer_entry(int abi);

#endif
