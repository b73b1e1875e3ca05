/* A pool of worker goroutines, and an unbounded queue. Included by goro.h. */
#ifndef GORO_POOL_H
#define GORO_POOL_H

#ifdef __cplusplus
extern "C" {
#endif

/* `workers` goroutines that run submitted tasks; `backlog` may wait (0: submit waits for a free worker). NULL: no memory. */
struct goro_pool;
struct goro_pool *goro_pool_new(int workers, size_t backlog);
int goro_pool_submit(struct goro_pool *p, void (*fn)(void *arg), void *arg); /* waits; -EPIPE once closed */
int goro_pool_try_submit(struct goro_pool *p, void (*fn)(void *arg), void *arg); /* -EAGAIN, -EPIPE */
void goro_pool_wait(struct goro_pool *p);  /* until all that was submitted has run */
void goro_pool_close(struct goro_pool *p); /* waits as well, ends the workers, frees the pool */

/* First in, first out, without a bound; push never waits. Elements of `size` bytes are copied. NULL: no memory. */
struct goro_queue;
struct goro_queue *goro_queue_new(size_t size);
void goro_queue_free(struct goro_queue *q);
int goro_queue_push(struct goro_queue *q, const void *element); /* 0, -ENOMEM, -EPIPE when closed. From anywhere */
int goro_queue_pop(struct goro_queue *q, void *element, int64_t deadline); /* 1; 0: closed and empty; -ETIMEDOUT */
int goro_queue_try_pop(struct goro_queue *q, void *element);               /* 1; 0; -EAGAIN */
void goro_queue_close(struct goro_queue *q);
size_t goro_queue_len(const struct goro_queue *q);

#ifdef __cplusplus
}
#endif
#endif
