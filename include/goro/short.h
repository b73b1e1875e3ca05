/* The common names without goro_. Included by goro.h with GORO_SHORT_NAMES. */
#ifndef GORO_SHORT_H
#define GORO_SHORT_H

#define go goro_go
#define go_opt goro_go_opt
#define yield goro_yield
#define chan_of goro_chan_of
#define send_chan_of goro_send_chan_of
#define recv_chan_of goro_recv_chan_of
#define to_send goro_to_send
#define to_recv goro_to_recv
#define chan_make goro_chan_make
#define chan_free goro_chan_free
#define chan_close goro_chan_close
#define chan_len goro_chan_len
#define chan_cap goro_chan_cap
#define chan_send goro_chan_send
#define chan_send_until goro_chan_send_until
#define chan_try_send goro_chan_try_send
#define chan_recv goro_chan_recv
#define chan_take goro_chan_take
#define chan_recv_until goro_chan_recv_until
#define chan_try_recv goro_chan_try_recv
#define chan_range goro_chan_range
#define chan_select goro_select
#define recv_case goro_recv_case
#define recv_case_ok goro_recv_case_ok
#define send_case goro_send_case
#define timeout_case goro_timeout_case
#define default_case goro_default_case
#define mutex goro_mutex
#define mutex_lock goro_mutex_lock
#define mutex_trylock goro_mutex_trylock
#define mutex_unlock goro_mutex_unlock
#define rwmutex goro_rwmutex
#define waitgroup goro_waitgroup
#define waitgroup_add goro_waitgroup_add
#define waitgroup_done goro_waitgroup_done
#define waitgroup_wait goro_waitgroup_wait
#define once_do goro_once_do

#endif
