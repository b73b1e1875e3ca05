/* Threads that allocate and copy, in order: works or not, there is nothing to report. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *copy(void *arg)
{
    char *s = strdup(arg);
    if (s)
        s[strlen(s) - 1] = 0;
    return s;
}

int main(void)
{
    for (int i = 0; i < 100; i++) {
        pthread_t thread;
        void *result = NULL;
        char text[] = "right.";
        if (pthread_create(&thread, NULL, copy, text) || pthread_join(thread, &result) || !result)
            return 1;
        if (i == 99)
            puts(result);
        free(result);
    }
    return 0;
}
