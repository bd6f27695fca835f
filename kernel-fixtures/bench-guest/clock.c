#include "clock.h"
#include "cpu.h"

enum {
	/* Gate (bit 0) and output (bit 5) of the timer's channel 2. */
	SYSTEM_CONTROL_B = 0x61, GATE = 1, OUTPUT = 0x20,
	CHANNEL_2 = 0x42, MODE = 0x43,
	/* Channel 2, low byte then high byte, mode 0: the output rises when the count has run down. */
	COUNT_DOWN = 0xb0,
	TIMER_HZ = 1193182, COUNT = 35795, /* 30 ms */
	TRIES = 5,
};

/* What it is until it has been measured does not matter much: nothing is timed before. */
static uint64_t per_ms = 1000000;

static uint64_t ticks_of_count(void)
{
	out8(SYSTEM_CONTROL_B, (in8(SYSTEM_CONTROL_B) & ~0x02) | GATE);
	out8(MODE, COUNT_DOWN);
	out8(CHANNEL_2, COUNT & 0xff);
	out8(CHANNEL_2, COUNT >> 8);
	uint64_t start = ticks();
	while ((in8(SYSTEM_CONTROL_B) & OUTPUT) == 0)
		relax();
	return ticks() - start;
}

/* The shortest of some tries, since a host that has no time for this CPU can only make one longer. */
void measure_clock(void)
{
	uint64_t shortest = ticks_of_count();

	for (int i = 1; i < TRIES; i++) {
		uint64_t found = ticks_of_count();
		shortest = found < shortest ? found : shortest;
	}
	per_ms = shortest * TIMER_HZ / ((uint64_t)COUNT * 1000);
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
