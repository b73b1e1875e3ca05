/* A function that jumps into the middle of its own instruction, which is left as it is. */
#include <pthread.h>

int jumps(int n);
__asm__(".pushsection .text\n"
        ".globl jumps\n.type jumps,@function\n"
        "jumps:\n\t.cfi_startproc\n\t"
        "mov %edi, %eax\n\t"
        ".byte 0xeb, 0xff, 0xc0\n\t"                 /* jmp to its own second byte: inc %eax */
        "nop\n\tnop\n\tnop\n\tnop\n\tnop\n\tnop\n\t" /* of one instruction, for who reads on behind the jmp */
        "ret\n\t.cfi_endproc\n"
        ".size jumps, .-jumps\n"
        ".popsection");

static void *call(void *arg)
{
    return (void *)(long)(jumps(6) + (arg != NULL));
}

int main(void)
{
    pthread_t t;
    void *n;
    if (pthread_create(&t, NULL, call, NULL) != 0 || pthread_join(t, &n) != 0)
        return 1;
    return (long)n == 7 ? 0 : 1;
}
