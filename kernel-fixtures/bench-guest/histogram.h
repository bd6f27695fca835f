/* Many times in little room: counts in buckets less than half a per cent wide. */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

void clear_histogram(void);
void add_to_histogram(uint64_t value);
/* The value that `part` of `whole` of all are not above; 0 where there is none. */
uint64_t quantile(uint64_t part, uint64_t whole);

#endif
