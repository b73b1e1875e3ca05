/* A hash table of fixed room, as a map: keys and values are bytes, copied in and out. Like a map it is one variable: every
 * lookup reads its count, every new or deleted key writes it. Everything here is the caller's access. */
#ifndef GO_MODEL_TABLE_H
#define GO_MODEL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table;
struct table *table_new(size_t key_size, size_t value_size);
size_t table_len(const struct table *t);
/* Where the value is, NULL: no such key. */
void *table_at(const struct table *t, const void *key);
/* Copies the value out, or zeroes; whether the key is there. */
bool table_get(const struct table *t, const void *key, void *value);
/* `value` may be NULL: zeroes. Where it is now. */
void *table_put(struct table *t, const void *key, const void *value);
void table_delete(struct table *t, const void *key);
/* The first entry at or after `from`: its value, and *from is after it; NULL: no more. */
void *table_next(const struct table *t, size_t *from);

#endif
