/* What the time stamp counter is measured against. */
#ifndef BENCH_TIMER_H
#define BENCH_TIMER_H

#include <stdint.h>

/* Takes a fraction of a second. */
uint64_t measured_ticks_per_ms(void);

#endif
