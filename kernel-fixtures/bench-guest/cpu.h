/* What C has no words for: the time stamp counter, and the order in which others see what this CPU stores. */
#ifndef BENCH_CPU_H
#define BENCH_CPU_H

#include <stdint.h>

static inline uint64_t ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

static inline void relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* Stores before it are seen before stores after it: x86 keeps that order, the compiler has to be told. */
static inline void store_order(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Stores before it are seen before loads after it are done. */
static inline void full_order(void)
{
	__asm__ volatile("lock addl $0, -4(%%rsp)" : : : "memory", "cc");
}

#endif
