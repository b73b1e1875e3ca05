/* A library whose names test_symbolize knows. Each statement of interest is on one line with a note of its number. */
typedef void note_fn(void);

int line_inner, line_middle, line_outer, line_static;
int table[10];
static int hidden = 1;

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS void inner(note_fn *note)
{
    line_inner = __LINE__, note();
    table[1]++;
}

ALWAYS void middle(note_fn *note)
{
    line_middle = __LINE__; inner(note);
    table[2]++;
}

__attribute__((noinline)) void outer(note_fn *note)
{
    line_outer = __LINE__; middle(note);
    table[3]++;
}

__attribute__((noinline)) static void local(note_fn *note)
{
    line_static = __LINE__, note();
    table[4]++;
}

void call_local(note_fn *note)
{
    local(note);
    table[5]++;
}

int *inside(void)
{
    static int counter; /* line 42 */
    return &counter;
}

int *of_file(void)
{
    return &hidden;
}
