/* See mail.c. */
#ifndef GORACE_TESTS_MAIL_H
#define GORACE_TESTS_MAIL_H

void mail_put(int *item);
int *mail_take(void); /* waits for one */
void mail_lock(void);
void mail_unlock(void);

#endif
