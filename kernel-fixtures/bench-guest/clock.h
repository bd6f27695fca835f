/* Time by the time stamp counter, whose rate is measured once. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>

void measure_clock(void);
/* Ticks of the counter in a millisecond. */
uint64_t ticks_per_ms(void);
uint64_t ns_of(uint64_t ticks);
uint64_t ticks_of_us(uint64_t us);
void wait_us(uint64_t us);

#endif
