/* Essay: maker.c. */
#ifndef RT_MAKER_H
#define RT_MAKER_H

#include <stdbool.h>

/* Nobody is preempted before it is there, or cannot be had. */
enum rt_maker { RT_MAKER_NONE, RT_MAKER_ASKED, RT_MAKER_THERE, RT_MAKER_FAILED };

/* Whether goroutines may be preempted; if not, sysmon is asked to see to that. */
bool rt_maker_ready(void);
int rt_maker_threads(void); /* 0 or 1 */
/* sysmon's, at each look: Ms for Ps that want one, and a stock of idle ones; made here and now, or by the maker. */
void rt_maker_look(void);
/* At the end, when nobody is frozen any more; returns when no M can come any more. */
void rt_maker_stop(void);

#endif
