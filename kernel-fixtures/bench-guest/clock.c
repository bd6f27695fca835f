#include "clock.h"
#include "cpu.h"
#include "timer.h"

/* What it is until it has been measured does not matter much: nothing is timed before. */
static uint64_t per_ms = 1000000;

void measure_clock(void)
{
	per_ms = measured_ticks_per_ms();
}

uint64_t ticks_per_ms(void)
{
	return per_ms;
}

/* Exact for some hours at any rate of today. */
uint64_t ns_of(uint64_t ticks)
{
	return ticks / per_ms * 1000000 + ticks % per_ms * 1000000 / per_ms;
}

uint64_t ticks_of_us(uint64_t us)
{
	return us * per_ms / 1000;
}

void wait_us(uint64_t us)
{
	uint64_t start = ticks(), most = ticks_of_us(us);

	while (ticks() - start < most)
		relax();
}
