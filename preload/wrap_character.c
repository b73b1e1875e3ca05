/* stdio streams, a character at a time. No user memory is touched; the data may be an edge (stream.h).
 *
 * getc_unlocked and putc_unlocked are partly compiled into the program: only when the buffer is empty, or full, does it
 * call __uflow or __overflow, which is also when data moves. */
#include "stream.h"
#include "touch.h"

#define GET(name, params, stream, ...) \
    INTERPOSE_NAMED(int, name, params) \
    { \
        struct actor *me = touching(); \
        stream_using(me, stream, CALLER); \
        int c = PARKED(me, #name, -1, REAL(name)(__VA_ARGS__)); \
        stream_got(me, stream); \
        return c; \
    }

#define PUT(name, params, stream, ...) \
    INTERPOSE_NAMED(int, name, params) \
    { \
        stream_giving(current(), stream, CALLER); \
        return REAL(name)(__VA_ARGS__); \
    }

GET(fgetc, (FILE * f), f, f)
GET(getc, (FILE * f), f, f)
GET(_IO_getc, (FILE * f), f, f)
GET(getchar, (void), stdin)
GET(fgetc_unlocked, (FILE * f), f, f)
GET(getc_unlocked, (FILE * f), f, f)
GET(getchar_unlocked, (void), stdin)
GET(__uflow, (FILE * f), f, f)

PUT(fputc, (int c, FILE *f), f, c, f)
PUT(putc, (int c, FILE *f), f, c, f)
PUT(_IO_putc, (int c, FILE *f), f, c, f)
PUT(putchar, (int c), stdout, c)
PUT(fputc_unlocked, (int c, FILE *f), f, c, f)
PUT(putc_unlocked, (int c, FILE *f), f, c, f)
PUT(putchar_unlocked, (int c), stdout, c)
PUT(__overflow, (FILE * f, int c), f, f, c)
