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
