/* rt_alloc and rt_free are in rt.h. */
#ifndef RT_ALLOC_H
#define RT_ALLOC_H

/* Gives all chunks back to the kernel if no block of them is out; big blocks are their owners' business. */
void rt_alloc_end(void);
void rt_alloc_lock(void); /* for fork */
void rt_alloc_unlock(void);

#endif
