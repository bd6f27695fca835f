/* Memory at CPL 3: every address is what it is physically. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "cpu.h"

#include <stddef.h>

/* For what devices read and write, and what is large and need not begin as zeros. */
#define BUFFER __attribute__((section("buffers"), aligned(4096)))

/* Maps where a device's memory may be; false where it lies beyond what can be mapped here. */
int map_address(uint64_t address);

void *memset(void *at, int value, size_t length);
void *memcpy(void *to, const void *from, size_t length);

#endif
