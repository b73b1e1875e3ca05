/* See table.h. Open addressing; the room never grows, so that a race on the table is a wrong count and not a crash. */
#include "table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

struct table {
    size_t count, key_size, value_size;
    bool used[ROOM];
    char *keys, *values;
};

struct table *table_new(size_t key_size, size_t value_size)
{
    struct table *t = calloc(1, sizeof *t);
    t->key_size = key_size;
    t->value_size = value_size;
    t->keys = calloc(ROOM, key_size);
    t->values = calloc(ROOM, value_size);
    return t;
}

size_t table_len(const struct table *t)
{
    return t->count;
}

/* The key's place, or the free one where it belongs; ROOM if there is neither. */
static size_t find(const struct table *t, const void *key)
{
    const unsigned char *bytes = key;
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < t->key_size; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    for (size_t step = 0; step < ROOM; step++) {
        size_t place = (hash + step) % ROOM;
        if (!t->used[place] || memcmp(t->keys + place * t->key_size, key, t->key_size) == 0)
            return place;
    }
    return ROOM;
}

void *table_at(const struct table *t, const void *key)
{
    size_t place = find(t, key);
    if (t->count == 0 || place == ROOM || !t->used[place])
        return NULL;
    return t->values + place * t->value_size;
}

bool table_get(const struct table *t, const void *key, void *value)
{
    const void *at = table_at(t, key);
    if (at)
        memcpy(value, at, t->value_size);
    else
        memset(value, 0, t->value_size);
    return at != NULL;
}

void *table_put(struct table *t, const void *key, const void *value)
{
    size_t place = find(t, key);
    if (place == ROOM)
        abort();
    if (!t->used[place]) {
        t->used[place] = true;
        t->count++;
        memcpy(t->keys + place * t->key_size, key, t->key_size);
    }
    void *at = t->values + place * t->value_size;
    if (value)
        memcpy(at, value, t->value_size);
    else
        memset(at, 0, t->value_size);
    return at;
}

/* Writes the count even if there is no such key: a delete is a write of the map. */
void table_delete(struct table *t, const void *key)
{
    size_t place = find(t, key);
    size_t gone = place != ROOM && t->used[place];
    if (gone)
        t->used[place] = false;
    t->count -= gone;
}

void *table_next(const struct table *t, size_t *from)
{
    if (t->count == 0)
        return NULL;
    while (*from < ROOM)
        if (t->used[(*from)++])
            return t->values + (*from - 1) * t->value_size;
    return NULL;
}
