/* Memory of the runtime: straight from mmap for what is big, size classes carved from chunks for the rest. Not malloc, whose
 * wrappers may be anybody's and may be interrupted by a preemption. It goes back to the
 * kernel at the end of the runtime, unless something is still out (a channel that outlives it). */
#include "alloc.h"

#include <string.h>
#include <sys/mman.h>

#include "bytes.h"
#include "lock.h"
#include "rt.h"

enum { CLASSES = 12, SMALLEST = 32, CHUNK = 64 << 10 }; /* 32 bytes to 64 KiB */

struct chunk {
    struct chunk *next;
    size_t size;
};

static struct {
    struct rt_lock lock;
    void *free[CLASSES]; /* linked by their first word */
    char *room, *end;    /* of the newest chunk */
    struct chunk *chunks;
    size_t live; /* blocks that are out */
} heap;

static void *map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

static int class_of(size_t size)
{
    int class = 0;
    while (((size_t)SMALLEST << class) < size)
        class++;
    return class;
}

/* Requires: heap.lock. Chunks are linked and freed at the end. */
static void *carve(size_t size)
{
    if (size >= 64) /* not across cache lines */
        heap.room += -(uintptr_t)heap.room & 63;
    if ((size_t)(heap.end - heap.room) < size) {
        size_t bytes = size > CHUNK / 4 ? size + 64 : CHUNK;
        struct chunk *chunk = map(bytes);
        if (!chunk)
            return NULL;
        chunk->next = heap.chunks;
        chunk->size = bytes;
        heap.chunks = chunk;
        if (bytes != CHUNK)
            return (char *)chunk + 64;
        heap.room = (char *)chunk + 64;
        heap.end = (char *)chunk + bytes;
    }
    void *memory = heap.room;
    heap.room += size;
    return memory;
}

void *rt_alloc(size_t size)
{
    int class = class_of(size);
    if (class >= CLASSES)
        return map((size + 4095) & ~(size_t)4095);
    rt_lock(&heap.lock);
    void *memory = heap.free[class];
    if (memory)
        heap.free[class] = *(void **)memory;
    else
        memory = carve((size_t)SMALLEST << class);
    heap.live += memory != NULL;
    rt_unlock(&heap.lock);
    if (memory)
        rt_zero(memory, size);
    return memory;
}

void rt_free(void *memory, size_t size)
{
    if (!memory)
        return;
    int class = class_of(size);
    if (class >= CLASSES) {
        munmap(memory, (size + 4095) & ~(size_t)4095);
        return;
    }
    rt_lock(&heap.lock);
    *(void **)memory = heap.free[class];
    heap.free[class] = memory;
    heap.live--;
    rt_unlock(&heap.lock);
}

void rt_alloc_end(void)
{
    struct chunk *next;
    if (heap.live > 0)
        return;
    for (struct chunk *chunk = heap.chunks; chunk; chunk = next) {
        next = chunk->next;
        munmap(chunk, chunk->size);
    }
    memset(&heap, 0, sizeof heap);
}

void rt_alloc_lock(void)
{
    rt_lock(&heap.lock);
}

void rt_alloc_unlock(void)
{
    rt_unlock(&heap.lock);
}
