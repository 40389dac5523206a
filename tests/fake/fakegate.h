/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakegate - holds threads in a call of a fake until the test lets them go.
 *
 * The test never sleeps: fakegate_wait() returns when the wanted number of threads is held. A
 * test that waits in vain ends by its alarm (fakegate_watch).
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

struct fakegate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int to_hold; /* so many of the next calls will be held */
	unsigned int n_held;  /* threads that are held now */
	unsigned int turn;    /* counts releases */
};

#define FAKEGATE_INIT                                                                              \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER             \
	}

/* Seconds after which a test counts as hung, on the slowest machine. */
#define FAKEGATE_ALARM_S 300

/* Starts the alarm anew. To be called at the beginning of each test. */
static inline void fakegate_watch(void)
{
	alarm(FAKEGATE_ALARM_S);
}

/* The next @n calls of fakegate_pass() do not return before fakegate_release(). */
static inline void fakegate_hold(struct fakegate *gate, unsigned int n)
{
	pthread_mutex_lock(&gate->lock);
	gate->to_hold = n;
	pthread_mutex_unlock(&gate->lock);
}

/* The fake calls this in the thread that may be held. */
static inline void fakegate_pass(struct fakegate *gate)
{
	unsigned int turn;

	pthread_mutex_lock(&gate->lock);
	if (gate->to_hold) {
		gate->to_hold--;
		gate->n_held++;
		turn = gate->turn;
		pthread_cond_broadcast(&gate->changed);
		while (gate->turn == turn)
			pthread_cond_wait(&gate->changed, &gate->lock);
	}
	pthread_mutex_unlock(&gate->lock);
}

/* Waits until @n threads are held. */
static inline void fakegate_wait(struct fakegate *gate, unsigned int n)
{
	pthread_mutex_lock(&gate->lock);
	while (gate->n_held != n)
		pthread_cond_wait(&gate->changed, &gate->lock);
	pthread_mutex_unlock(&gate->lock);
}

/* Releases the threads that are held now. Later calls are still held as requested. */
static inline void fakegate_let_go(struct fakegate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->n_held = 0;
	gate->turn++;
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

/* Releases all threads. Later calls are not held. */
static inline void fakegate_release(struct fakegate *gate)
{
	fakegate_hold(gate, 0);
	fakegate_let_go(gate);
}
