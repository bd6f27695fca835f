#include "timer.h"
#include "cpu.h"

#include <time.h>

enum { STRETCH_NS = 30000000, TRIES = 5, NS_PER_MS = 1000000 };

static uint64_t nanoseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* Both clocks are read at the ends of each stretch; who takes the processor between the two makes a try wrong, so the middle one counts. */
uint64_t measured_ticks_per_ms(void)
{
	uint64_t found[TRIES];

	for (int i = 0; i < TRIES; i++) {
		uint64_t from = nanoseconds(), start = ticks(), now = from;
		while (now - from < STRETCH_NS)
			now = nanoseconds();
		uint64_t rate = (ticks() - start) * NS_PER_MS / (now - from);
		int at = i;
		for (; at > 0 && found[at - 1] > rate; at--)
			found[at] = found[at - 1];
		found[at] = rate;
	}
	return found[TRIES / 2];
}
