/* Objects with methods: an interface is a table of functions and a pointer to the object, two words of one variable; an object
 * passed by value is read as a whole, one passed by its address is not read at all. */
#include "cases.h"

#include <stdlib.h>

struct object {
    int x, y;
};
struct methods {
    void (*call)(void *self, int argument);
};
struct interface {
    const struct methods *methods;
    void *self;
};

static void call_nothing(void *self, int argument)
{
    use(self);
    use(argument);
}

static void call_other(void *self, int argument)
{
    use(self);
    use(argument + 1);
}

static const struct methods nothing = {call_nothing}, something = {call_other};
static struct object object1, object2;

SHARED struct interface i1 = {&nothing, &object1}, i2 = {&nothing, &object1};
SHARED struct object object, *object_at = &object;

/* ---- the interface is a variable ---- */

GO(race_eface_ww)
{
    i1 = (struct interface){NULL, &x}; // RACE
}
MAIN(race_eface_ww)
{
    i1 = (struct interface){NULL, &y}; // RACE
}

GO(race_iface_ww)
{
    i1 = (struct interface){&nothing, &object1}; // RACE
}
MAIN(race_iface_ww)
{
    i1 = (struct interface){&nothing, &object2}; // RACE
}

GO(race_iface_cmp)
{
    i1 = (struct interface){&something, &object1}; // RACE
}
MAIN(race_iface_cmp)
{
    use(i1.methods == i2.methods && i1.self == i2.self); // RACE
}

GO(race_iface_cmp_nil)
{
    i1 = (struct interface){&something, &object1}; // RACE
}
MAIN(race_iface_cmp_nil)
{
    use(i1.methods == NULL); // RACE
}

GO(race_error)
{
    i1 = (struct interface){NULL, NULL}; // RACE
}
MAIN(race_error)
{
    use(i1.methods); // RACE
}

GO(race_empty_interface1)
{
    i1 = (struct interface){NULL, NULL}; // RACE
}
MAIN(race_empty_interface1)
{
    use(i1.self); // RACE
}

GO(race_empty_interface2)
{
    i1 = (struct interface){NULL, calloc(1, sizeof(struct object))}; // RACE
}
MAIN(race_empty_interface2)
{
    use(i1.self); // RACE
}

/* Which type it is, is in the first word. */
GO(race_type_assert)
{
    i1 = (struct interface){&something, &y}; // RACE
}
MAIN(race_type_assert)
{
    use(i1.methods == &nothing ? *(int *)&object1 : 0); // RACE
}

GO(race_case_type)
{
    use(i1.methods == &nothing ? 1 : 2); // RACE
}
MAIN(race_case_type)
{
    i1 = (struct interface){&something, &y}; // RACE
}

static void make_x_inside(void)
{
    i1 = (struct interface){&nothing, &x};
}

/* What is written through it. */
GO(race_case_type_body)
{
    if (i1.methods == &nothing)
        *(int *)i1.self = y; // RACE
}
MAIN_AFTER(race_case_type_body, make_x_inside)
{
    x = y; // RACE
}

/* ---- a value becomes an interface: it is read then ---- */

static void take_copy(void *copy)
{
    free(copy);
    finish();
}

static void *boxed(int value)
{
    int *box = malloc(sizeof *box);
    *box = value;
    return box;
}

static void start_with_box(void)
{
    go(take_copy, boxed(x)); // RACE
    finish();
}

CASE(race_eface_conv)
{
    go(start_with_box);
    x = 42; // RACE
    join(2);
}

static void take_interface(const struct methods *methods, void *self)
{
    methods->call(self, 0);
    finish();
}

static void start_with_interface(void)
{
    go(take_interface, &nothing, object_at); // RACE
    finish();
}

CASE(race_iface_conv)
{
    go(start_with_interface);
    object_at = &object2; // RACE
    join(2);
}

SHARED int number, number2, number3;

GO(race_issue12664_2)
{
    number = 1; // RACE
}
MAIN(race_issue12664_2)
{
    void *box = boxed(number); // RACE
    nothing.call(box, 0);
    free(box);
}

/* An interface becomes a value: the variable is written. */
GO(race_issue12664_3)
{
    number2 = 1; // RACE
}
MAIN(race_issue12664_3)
{
    struct interface i = {NULL, boxed(0)};
    number2 = *(int *)i.self; // RACE
}

GO(race_issue12664_4)
{
    number3 = 1; // RACE
}
MAIN(race_issue12664_4)
{
    struct interface i = {&nothing, boxed(0)};
    number3 = i.methods == &nothing ? *(int *)i.self : 0; // RACE
}

/* ---- calls ---- */

GO(race_inter_call)
{
    i1 = (struct interface){&something, &object2}; // RACE
}
MAIN(race_inter_call)
{
    i1.methods->call(i1.self, 0); // RACE
}

GO(race_inter_call2)
{
    z = 42; // RACE
}
MAIN(race_inter_call2)
{
    i1.methods->call(i1.self, z); // RACE
}

static __attribute__((noinline)) void by_value(struct object self, int argument)
{
    use(self.x + self.y + argument);
}

static __attribute__((noinline)) void by_address(struct object *self, int argument)
{
    use(self);
    use(argument);
}

GO(race_method_call)
{
    x = 42; // RACE
}
MAIN(race_method_call)
{
    by_value(object, x); // RACE
}

GO(race_method_call2)
{
    object_at = calloc(1, sizeof *object_at); // RACE
}
MAIN(race_method_call2)
{
    by_address(object_at, 0); // RACE
}

/* ---- a method bound to its object, for later: an object by value is copied now ---- */

struct bound {
    void (*method)(struct object, int);
    struct object self;
};

GO(race_method_value)
{
    object = (struct object){0}; // RACE
}
MAIN(race_method_value)
{
    struct bound bound = {by_value, object}; // RACE
    use(&bound);
    use(bound.self.x);
}

GO(race_method_value2)
{
    i1 = (struct interface){&something, &object2}; // RACE
}
MAIN(race_method_value2)
{
    struct interface bound = i1; // RACE
    use(&bound);
    use(bound.self);
}

GO(race_method_value3)
{
    *object_at = (struct object){0}; // RACE
}
MAIN(race_method_value3)
{
    struct bound bound = {by_value, *object_at}; // RACE
    use(&bound);
    use(bound.self.y);
}

struct bound_address {
    void (*method)(struct object *, int);
    struct object *self;
};

GO(norace_method_value)
{
    object = (struct object){0};
}
MAIN(norace_method_value)
{
    struct bound_address bound = {by_address, &object};
    use(&bound);
}

/* ---- a base inside of an object, or behind a pointer ---- */

struct derived {
    int pad;
    struct object base;
};
struct derived_from {
    int pad;
    struct object *base;
};
SHARED struct derived derived;
SHARED struct derived_from from;

static void make_base(void)
{
    from.base = calloc(1, sizeof *from.base);
}

GO(norace_method_thunk)
{
    by_address(&derived.base, 0);
}
MAIN(norace_method_thunk)
{
    derived = (struct derived){0};
}

GO(race_method_thunk)
{
    by_address(from.base, 0); // RACE
}
MAIN(race_method_thunk)
{
    from = (struct derived_from){0}; // RACE
}

GO(race_method_thunk2)
{
    struct object self = derived.base; // RACE
    by_value(self, 0);
}
MAIN(race_method_thunk2)
{
    derived = (struct derived){0}; // RACE
}

GO(race_method_thunk3)
{
    struct object self = *from.base; // RACE
    by_value(self, 0);
}
MAIN_AFTER(race_method_thunk3, make_base)
{
    from.base = calloc(1, sizeof *from.base); // RACE
}

GO(race_method_thunk4)
{
    struct object self = *from.base; // RACE
    by_value(self, 0);
}
MAIN_AFTER(race_method_thunk4, make_base)
{
    from.base->x = 42; // RACE
}
