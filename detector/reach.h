/* What can be reached from where: memory as a graph of pieces (blocks of the heap, stacks of those who wait) with pointers among
 * them, looked at conservatively: every aligned word that could point into a piece does.
 *
 * Roots are data (of modules, mappings), stacks and thread-local variables of those who can go on, and words that the kernel
 * keeps. A piece that lies in data has to be reached itself. Memory is read by a system call that fails where there is none.
 * What does not fit, or takes too long, is lost, and then nothing may be said to be unreachable.
 *
 * Guards: one caller, between reach_begin and reach_end, while nobody else acts. */
#ifndef GORACE_REACH_H
#define GORACE_REACH_H

#include "finding.h"

/* False when memory cannot be read, or there is none for the tables. pages: most that may be looked at. */
bool reach_begin(size_t pages);
void reach_end(void);
void reach_lose(void); /* something is not known */
bool reach_lost(void);

/* kind: OBJECT_GLOBAL for data, in which holes and pieces are left out; OBJECT_STACK and OBJECT_TLS of `whose`; else UNKNOWN. */
void reach_root(enum object_kind kind, uintptr_t lo, uintptr_t hi, const struct actor *whose);
/* Data in which no pointer of the program lies. */
void reach_hole(uintptr_t lo, uintptr_t hi);
/* The kernel keeps this word for a descriptor. */
void reach_word(uint64_t word, int fd);
/* A piece that is no block of the heap; `whose` stack, or NULL. */
void reach_piece(uintptr_t lo, uintptr_t hi, const struct actor *whose);

/* All that was named is put in order. False: lost. */
bool reach_ready(void);
/* Goes on for a while; false when all is done. */
bool reach_go_on(void);
/* The piece with `addr` in it is reached, as are those that it leads to. */
void reach_mark(uintptr_t addr);
/* Also true of what lies in no piece: in data, or nobody knows where. */
bool reach_is_marked(uintptr_t addr);
/* In a piece that is. */
bool reach_leads_to_marked(uintptr_t lo, uintptr_t hi);
/* How `addr`, which is reached, is: the root first, whose base is the address of the first pointer, then the pieces. Returns how
 * many of `max` were filled in. */
int reach_path(uintptr_t addr, struct finding_object *path, int max);

#endif
