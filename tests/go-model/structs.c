/* Structs: fields are variables of their own; a copy or an assignment is an access of all of them. */
#include "cases.h"

#include <stdlib.h>
#include <string.h>

struct point {
    int x, y;
};
struct two_points {
    struct point a, b;
};
struct pointers {
    struct point *a, *b;
};

SHARED struct point p;
SHARED struct two_points s;
SHARED struct pointers ps;
SHARED struct point *pp = &p;

static void make_pointers(void)
{
    ps.a = calloc(1, sizeof *ps.a);
    ps.b = calloc(1, sizeof *ps.b);
}

/* ---- fields ---- */

GO(norace_comp)
{
    s.b.x = 1;
}
MAIN(norace_comp)
{
    s.b.y = 2;
}

GO(norace_comp2)
{
    s.a.x = 1;
}
MAIN(norace_comp2)
{
    s.a.y = 2;
}

GO(race_comp)
{
    s.b.y = 1; // RACE
}
MAIN(race_comp)
{
    s.b.y = 2; // RACE
}

GO(race_comp2)
{
    s.a.x = 1; // RACE
}
MAIN(race_comp2)
{
    s = (struct two_points){0}; // RACE
}

GO(race_comp3)
{
    s.b.y = 1; // RACE
}
MAIN(race_comp3)
{
    s = (struct two_points){0}; // RACE
}

SHARED struct two_points array[10];
SHARED size_t index_of = 4;

/* The index is read by one, written by the other. */
GO(race_comp_array)
{
    array[index_of].b.y = 1; // RACE
}
MAIN(race_comp_array)
{
    index_of = 5; // RACE
}

GO(norace_comp_ptr)
{
    ps.a->x = 1;
}
MAIN_AFTER(norace_comp_ptr, make_pointers)
{
    ps.a->y = 2;
}

static struct pointers copy_of(const struct pointers *from)
{
    return *from;
}

GO(norace_comp_ptr2)
{
    ps.a->x = 1;
}
MAIN_AFTER(norace_comp_ptr2, make_pointers)
{
    use((long)copy_of(&ps).a);
}

GO(race_comp_ptr)
{
    ps.b->x = 1; // RACE
}
MAIN_AFTER(race_comp_ptr, make_pointers)
{
    ps.b->x = 2; // RACE
}

GO(race_comp_ptr2)
{
    ps.b->x = 1; // RACE
}
MAIN_AFTER(race_comp_ptr2, make_pointers)
{
    ps.b = calloc(1, sizeof *ps.b); // RACE
}

GO(race_struct_rw)
{
    p = (struct point){1, 1}; // RACE
}
MAIN(race_struct_rw)
{
    struct point q = p; // RACE
    use(q.x + q.y);
}

GO(race_struct_field_rw1)
{
    p.x = 1; // RACE
}
MAIN(race_struct_field_rw1)
{
    use(p.x); // RACE
}

GO(norace_struct_field_rw1)
{
    p.x = 1;
}
MAIN(norace_struct_field_rw1)
{
    p.y = 1;
}

GO(norace_struct_field_rw2)
{
    pp->x = 1;
}
MAIN(norace_struct_field_rw2)
{
    pp->y = 1;
}

GO(race_struct_field_rw2)
{
    pp->x = 1; // RACE
}
MAIN(race_struct_field_rw2)
{
    use(pp->x); // RACE
}

SHARED struct named {
    const char *name;
    struct point p;
} named = {"a", {0, 0}};

GO(race_struct_field_rw3)
{
    named.p.x = 1; // RACE
}
MAIN(race_struct_field_rw3)
{
    use(named.p.x); // RACE
}

/* ---- the same bytes as another type ---- */

struct same_point {
    int x, y;
} __attribute__((may_alias));
struct same_two {
    struct same_point a, b;
} __attribute__((may_alias));

GO(race_conv1)
{
    p.x = 1; // RACE
}
MAIN(race_conv1)
{
    use(((struct same_point *)&p)->x); // RACE
}

GO(race_conv2)
{
    pp->x = 1; // RACE
}
MAIN(race_conv2)
{
    struct same_point *same = (struct same_point *)pp;
    use(same->x); // RACE
}

GO(race_conv3)
{
    s.a.x = 1; // RACE
}
MAIN(race_conv3)
{
    use(((struct same_two *)&s)->a.x); // RACE
}

SHARED struct points {
    struct point v[4];
} points;

GO(race_conv4)
{
    points.v[1].x = 1; // RACE
}
MAIN(race_conv4)
{
    use(((struct same_point *)&points)[1].x); // RACE
}

/* ---- nested, empty, initialised from a variable ---- */

struct empty {};
struct with_empty {
    int64_t y;
    struct empty nothing;
};
SHARED struct {
    struct with_empty x;
    int64_t y;
} around;
static chan_of(struct with_empty) whole;

static void send_part(void)
{
    chan_send(whole, around.x);
}

CASE(norace_empty_struct)
{
    struct with_empty got;
    whole = chan_make(struct with_empty, 0);
    go(send_part);
    around.y = 42;
    chan_recv(whole, &got);
}

SHARED struct nested {
    struct point x;
} nested;
static chan_of(struct nested) nests;

static void send_nested(void)
{
    chan_send(nests, nested); // RACE
}

CASE(race_nested_struct)
{
    struct nested got;
    nests = chan_make(struct nested, 0);
    go(send_nested);
    nested.x.y = 42; // RACE
    chan_recv(nests, &got);
}

GO(race_struct_init)
{
    y = 42; // RACE
}
MAIN(race_struct_init)
{
    struct point q = {.x = y}; // RACE
    use(q.x);
}

/* Through a pointer, as a whole, beside one field. */
static void clear_point(struct point *q)
{
    *q = (struct point){0}; // RACE
    finish();
}

CASE(race_struct_ind)
{
    go(clear_point, &p);
    p.y = 42; // RACE
    join(1);
}

/* ---- addresses ---- */

GO(norace_addr_expr)
{
    x = 42;
}
MAIN(norace_addr_expr)
{
    use(&x);
}

struct inner {
    char room[256];
    int x;
};
SHARED struct {
    char room[512];
    struct inner *p;
} outer;

static void make_inner(void)
{
    outer.p = calloc(1, sizeof *outer.p);
}

/* An address inside of what a pointer points to reads the pointer. */
GO(race_addr_expr)
{
    outer.p = calloc(1, sizeof *outer.p); // RACE
}
MAIN_AFTER(race_addr_expr, make_inner)
{
    use(&outer.p->x); // RACE
}
