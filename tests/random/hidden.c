/* See hidden.h. */
#define HIDDEN
#include "hidden.h"
#include "../instrument/barrier.c"
