#include "timer.h"
#include "bus.h"
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
uint64_t measured_ticks_per_ms(void)
{
	uint64_t shortest = ticks_of_count();

	for (int i = 1; i < TRIES; i++) {
		uint64_t found = ticks_of_count();
		shortest = found < shortest ? found : shortest;
	}
	return shortest * TIMER_HZ / ((uint64_t)COUNT * 1000);
}
