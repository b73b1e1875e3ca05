// The same for C++ names.
namespace shop
{
int stock; // line 4
static long sold = 1;

template <class T> struct Box {
    __attribute__((noinline)) T get(void (*note)(), T value)
    {
        note();
        return value + 1;
    }
};
} // namespace shop

extern "C" int call_box(void (*note)())
{
    return shop::Box<int>().get(note, 1);
}

extern "C" long *address_of_sold()
{
    return &shop::sold;
}

// A function of a class inside of a function, and what is inlined into it: gcc describes both inside of the outer one.
static inline __attribute__((always_inline)) void counted(void (*note)())
{
    note();
    shop::stock++;
}

extern "C" void call_local_class(void (*note)())
{
    struct clerk {
        static __attribute__((noinline)) void sells(void (*note)())
        {
            counted(note);
        }
    };
    clerk::sells(note);
    shop::stock++;
}
