/* Bytes on which the program has declared races to be benign (AnnotateBenignRace). */
#ifndef GORACE_BENIGN_H
#define GORACE_BENIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void benign_add(uintptr_t addr, size_t size);
bool benign_has(uintptr_t addr, size_t size);

#endif
