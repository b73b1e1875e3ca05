/* Essay: signals.c. */
#ifndef RT_SIGNALS_H
#define RT_SIGNALS_H

void rt_signals_start(void);
void rt_signals_stop(void);

#endif
