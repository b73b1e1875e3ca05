package main

import "sync"

func nest(a, b sync.Locker, r *rendezvous) func() {
	return func() {
		a.Lock()
		r.wait(2)
		b.Lock()
		b.Unlock()
		a.Unlock()
	}
}

func init() {
	add(map[string]func(){
		"deadlock_goro_twice": func() {
			var m sync.Mutex
			m.Lock()
			m.Lock()
		},
		"deadlock_goro_early_return": func() {
			var m sync.Mutex
			put := func(v int) {
				m.Lock()
				if v == 0 {
					return
				}
				m.Unlock()
			}
			put(0)
			put(1)
		},
		"deadlock_goro_write_read": func() {
			var m sync.RWMutex
			m.Lock()
			m.RLock()
		},
		"deadlock_goro_upgrade": func() {
			var m sync.RWMutex
			m.RLock()
			m.Lock()
		},
		"deadlock_goro_ab_ba": func() {
			var a, b sync.Mutex
			var r rendezvous
			both(nest(&a, &b, &r), nest(&b, &a, &r))
		},
		"deadlock_goro_partial": func() {
			var a, b sync.Mutex
			var r rendezvous
			go nest(&a, &b, &r)()
			go nest(&b, &a, &r)()
			for r.arrived < 2 {
				r.wait(0)
			}
		},
		"order_goro_ab_ba": func() {
			var a, b sync.Mutex
			var s schedule
			take := func(a, b *sync.Mutex, turn int32) func() {
				return func() {
					s.await(turn)
					a.Lock()
					b.Lock()
					b.Unlock()
					a.Unlock()
					s.step(turn + 1)
				}
			}
			both(take(&a, &b, 0), take(&b, &a, 1))
		},
		"deadlock_goro_rwr": func() {
			var m sync.RWMutex
			m.RLock()
			go func() { m.Lock(); m.Unlock() }()
			for m.TryRLock() {
				m.RUnlock()
			}
			m.RLock()
		},
		"deadlock_goro_once": func() {
			var once sync.Once
			once.Do(func() { once.Do(func() {}) })
		},
		"deadlock_goro_send_locked": func() {
			var m sync.Mutex
			var s schedule
			c := make(chan int)
			both(func() {
				m.Lock()
				s.step(1)
				c <- 1
				m.Unlock()
			}, func() {
				s.await(1)
				m.Lock()
				<-c
				m.Unlock()
			})
		},
		"deadlock_goro_receive_locked": func() {
			var m sync.Mutex
			var s schedule
			c := make(chan int)
			both(func() {
				m.Lock()
				s.step(1)
				<-c
				m.Unlock()
			}, func() {
				s.await(1)
				m.Lock()
				c <- 1
				m.Unlock()
			})
		},
		"deadlock_goro_notify_readers": func() {
			var m sync.RWMutex
			var s schedule
			c := make(chan int)
			both(func() {
				m.RLock()
				s.step(1)
				c <- 1
				m.RUnlock()
			}, func() {
				s.await(1)
				m.Lock()
				<-c
				m.Unlock()
			})
		},
		"deadlock_goro_channel_as_lock": func() {
			var m sync.Mutex
			var r rendezvous
			token := make(chan int, 1)
			both(func() {
				token <- 1
				r.wait(2)
				m.Lock()
			}, func() {
				m.Lock()
				r.wait(2)
				token <- 1
			})
		},
	})
}
