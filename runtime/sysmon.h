/* Essay: sysmon.c. */
#ifndef RT_SYSMON_H
#define RT_SYSMON_H

/* Watches over the Ps until the main goroutine has ended. */
void rt_sysmon(void);
/* It looks at once. */
void rt_sysmon_wake(void);

#endif
