#include "histogram.h"
#include "memory.h"

/*
 * A value of up to 9 bits is its own bucket; of a larger one the upper 9 bits count, which lie between 256 and 511:
 * its bucket is 256 times the number of bits left out, plus those.
 */
enum { KEPT = 9, STEP = 1 << (KEPT - 1), MOST_BITS = 48, BUCKETS = (MOST_BITS - KEPT) * STEP + 2 * STEP };

static uint32_t counts[BUCKETS];
static uint64_t total;

void clear_histogram(void)
{
	memset(counts, 0, sizeof counts);
	total = 0;
}

void add_to_histogram(uint64_t value)
{
	uint64_t most = (1ull << MOST_BITS) - 1, held = value < most ? value : most;
	int bits = 64 - __builtin_clzll(held | 1), left_out = bits > KEPT ? bits - KEPT : 0;

	counts[left_out * STEP + (held >> left_out)]++;
	total++;
}

uint64_t quantile(uint64_t part, uint64_t whole)
{
	uint64_t before = total * part / whole, seen = 0;

	for (int bucket = 0; bucket < BUCKETS; bucket++) {
		seen += counts[bucket];
		if (seen <= before)
			continue;
		if (bucket < 2 * STEP)
			return (uint64_t)bucket;
		int left_out = bucket / STEP - 1;
		/* The middle of what falls into it. */
		return ((uint64_t)(bucket - left_out * STEP) << left_out) + (1ull << left_out) / 2;
	}
	return 0;
}
