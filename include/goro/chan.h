/* Channels. Included by goro.h.
 *
 * A channel's type is a phantom: goro_chan_of(int) is a pointer type that nothing points to by, the same in every
 * translation unit, so that the wrong element type or direction is a compile-time complaint and NULL is the nil channel.
 * goro_send_chan_of(T) and goro_recv_chan_of(T) are the one-way types; goro_to_send(c) and goro_to_recv(c) make them.
 *
 * Rules are Go's: on a nil channel send and receive wait for ever; a send on a closed channel panics; a receive from a
 * closed and drained one gives the zero value at once; closing a nil or closed channel panics; waiters are served in order. */
#ifndef GORO_CHAN_H
#define GORO_CHAN_H

#ifdef __cplusplus
extern "C" {
#endif

struct goro_chan;

/* A channel for `capacity` elements of `size` bytes (0 is allowed), to be freed by goro_chan_free. Never NULL: panics if
 * the size is out of range or memory lacks. From anywhere. */
struct goro_chan *goro_chan_new(size_t size, size_t capacity);
/* NULL is allowed; panics while goroutines wait on it. Elements that are still inside are dropped. From anywhere. */
void goro_chan_free_raw(struct goro_chan *chan);
void goro_chan_close_raw(struct goro_chan *chan);
/* Elements buffered, and room for them; 0 for NULL. From anywhere. */
size_t goro_chan_len_raw(const struct goro_chan *chan);
size_t goro_chan_cap_raw(const struct goro_chan *chan);

/* 0: sent. -ETIMEDOUT: not by `deadline`. `element` is copied. */
int goro_chan_send_raw(struct goro_chan *chan, const void *element, int64_t deadline);
/* 1: received. 0: closed, and *element is zeroed. -ETIMEDOUT: *element is untouched. NULL drops the element. */
int goro_chan_recv_raw(struct goro_chan *chan, void *element, int64_t deadline);
/* The same for an element of 8 bytes at most, in the first bytes of a word: it is in no memory that others could know of, so a
 * detector is told of none. Received without a deadline. */
int goro_chan_send_word(struct goro_chan *chan, uint64_t element, int64_t deadline);
struct goro_word { /* two registers */
    uint64_t element; /* 0 when closed */
    int64_t result;   /* as of goro_chan_recv_raw */
};
struct goro_word goro_chan_recv_word(struct goro_chan *chan);
/* The same without waiting: -EAGAIN. */
int goro_chan_try_send_raw(struct goro_chan *chan, const void *element);
int goro_chan_try_recv_raw(struct goro_chan *chan, void *element);

#ifdef __cplusplus
}
#else

#define goro_chan_of(T) __typeof__(__typeof__(T) *(*)[1])
#define goro_send_chan_of(T) __typeof__(__typeof__(T) *(*)[2])
#define goro_recv_chan_of(T) __typeof__(__typeof__(T) *(*)[3])
/* The element's type, without qualifiers of the expression. */
#define GORO_ELEM(c) __typeof__(***(c))
#define GORO_DIRECTION(c) (sizeof(*(c)) / sizeof(void *))
#define GORO_RAW(c) ((struct goro_chan *)(void *)(c))
#define GORO_CAN_SEND(c) _Static_assert(GORO_DIRECTION(c) != 3, "send on a receive-only channel")
#define GORO_CAN_RECV(c) _Static_assert(GORO_DIRECTION(c) != 2, "receive from a send-only channel")
/* `p` as a pointer to the element, or a complaint. */
#define GORO_ELEM_PTR(c, p) \
    __extension__({ \
        GORO_ELEM(c) *goro_p = (p); \
        goro_p; \
    })

#define goro_chan_make(T, capacity) ((goro_chan_of(T))(void *)goro_chan_new(sizeof(T), (capacity)))
#define goro_to_send(c) \
    __extension__({ \
        GORO_CAN_SEND(c); \
        (goro_send_chan_of(GORO_ELEM(c)))(void *)(c); \
    })
#define goro_to_recv(c) \
    __extension__({ \
        GORO_CAN_RECV(c); \
        (goro_recv_chan_of(GORO_ELEM(c)))(void *)(c); \
    })
#define goro_chan_free(c) goro_chan_free_raw(GORO_RAW(c))
#define goro_chan_close(c) \
    __extension__({ \
        _Static_assert(GORO_DIRECTION(c) != 3, "close of a receive-only channel"); \
        goro_chan_close_raw(GORO_RAW(c)); \
    })
#define goro_chan_len(c) goro_chan_len_raw(GORO_RAW(c))
#define goro_chan_cap(c) goro_chan_cap_raw(GORO_RAW(c))

/* In code that is compiled for a detector a value stays out of memory until the program's own code puts it there, which the compiler's
 * hooks tell of if anybody else can know the place. goro_v: the value; goro_p: where to put it, or NULL. */
#ifdef GORO_OUTLINE
#define GORO_IN_WORD(c) (sizeof(GORO_ELEM(c)) <= sizeof(uint64_t))
#define GORO_WORD_COPY(to, from) __builtin_memcpy(&(to), &(from), sizeof(to) < sizeof(from) ? sizeof(to) : sizeof(from))
#define GORO_SEND_VALUE(c, deadline) \
    __builtin_choose_expr(GORO_IN_WORD(c), __extension__({ \
                              uint64_t goro_w = 0; \
                              GORO_WORD_COPY(goro_w, goro_v); \
                              goro_chan_send_word(goro_c, goro_w, (deadline)); \
                          }), \
                          goro_chan_send_raw(goro_c, &goro_v, (deadline)))
#define GORO_RECV_VALUE(c) \
    __builtin_choose_expr(GORO_IN_WORD(c), __extension__({ \
                              const struct goro_word goro_w = goro_chan_recv_word(goro_c); \
                              if (goro_p) { \
                                  GORO_ELEM(c) goro_v; \
                                  GORO_WORD_COPY(goro_v, goro_w.element); \
                                  *goro_p = goro_v; \
                              } \
                              goro_w.result; \
                          }), \
                          goro_chan_recv_raw(goro_c, goro_p, GORO_FOREVER))
#else
#define GORO_SEND_VALUE(c, deadline) goro_chan_send_raw(goro_c, &goro_v, (deadline))
#define GORO_RECV_VALUE(c) goro_chan_recv_raw(goro_c, goro_p, GORO_FOREVER)
#endif

/* Channel first, then value: both once. */
#define GORO_SEND(c, call, ...) \
    __extension__({ \
        GORO_CAN_SEND(c); \
        struct goro_chan *const goro_c = GORO_RAW(c); \
        GORO_ELEM(c) goro_v = __VA_ARGS__; \
        call; \
    })
/* goro_chan_send(c, value): waits for room or a receiver. */
#define goro_chan_send(c, ...) GORO_SEND(c, (void)GORO_SEND_VALUE(c, GORO_FOREVER), __VA_ARGS__)
/* goro_chan_send_until(c, deadline, value): 0 or -ETIMEDOUT. */
#define goro_chan_send_until(c, deadline, ...) \
    GORO_SEND(c, GORO_SEND_VALUE(c, deadline), __VA_ARGS__)
/* goro_chan_try_send(c, value): whether it was sent. */
#define goro_chan_try_send(c, ...) GORO_SEND(c, goro_chan_try_send_raw(goro_c, &goro_v) == 0, __VA_ARGS__)

/* goro_chan_recv(c, &value): true, or false with a zero value when closed and drained. NULL drops the value. */
#define goro_chan_recv(c, p) \
    __extension__({ \
        GORO_CAN_RECV(c); \
        struct goro_chan *const goro_c = GORO_RAW(c); \
        GORO_ELEM(c) *const goro_p = (p); \
        GORO_RECV_VALUE(c) > 0; \
    })
/* goro_chan_take(c): the value, zero when closed. */
#define goro_chan_take(c) \
    __extension__({ \
        GORO_CAN_RECV(c); \
        struct goro_chan *const goro_c = GORO_RAW(c); \
        GORO_ELEM(c) goro_v, *const goro_p = &goro_v; \
        (void)GORO_RECV_VALUE(c); \
        goro_v; \
    })
/* goro_chan_recv_until(c, deadline, &value), goro_chan_try_recv(c, &value): 1 received, 0 closed, -ETIMEDOUT, -EAGAIN. */
#define goro_chan_recv_until(c, deadline, p) \
    __extension__({ \
        GORO_CAN_RECV(c); \
        struct goro_chan *const goro_c = GORO_RAW(c); \
        goro_chan_recv_raw(goro_c, GORO_ELEM_PTR(c, p), (deadline)); \
    })
#define goro_chan_try_recv(c, p) \
    __extension__({ \
        GORO_CAN_RECV(c); \
        struct goro_chan *const goro_c = GORO_RAW(c); \
        goro_chan_try_recv_raw(goro_c, GORO_ELEM_PTR(c, p)); \
    })
/* goro_chan_range(c, v) { ... }: for each value until closed, v declared here. c is evaluated once; break and continue work. */
#define goro_chan_range(c, v) \
    for (__typeof__(c) goro_range = (c), *goro_ranging = &goro_range; goro_ranging; goro_ranging = NULL) \
        for (GORO_ELEM(goro_range) v; goro_chan_recv(goro_range, &v);)

#endif
#endif
