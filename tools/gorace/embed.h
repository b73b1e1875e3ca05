/* Files that are linked in whole. */
#ifndef GORACE_LAUNCHER_EMBED_H
#define GORACE_LAUNCHER_EMBED_H

#include <stddef.h>

/* EMBED(name, "file"): the bytes from `name` up to `name_end`, and a zero behind them. At file scope, in one file only. */
#define EMBED(name, file) \
    __asm__(".section .rodata\n" \
            ".global " #name "\n" \
            ".global " #name "_end\n" #name ":\n" \
            ".incbin \"" file "\"\n" #name "_end:\n" \
            ".byte 0\n" \
            ".previous\n"); \
    extern const char name[], name##_end[];

static inline size_t embedded_bytes(const char *begin, const char *end)
{
    return (size_t)(end - begin);
}

#endif
