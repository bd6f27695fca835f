#include "ring.h"
#include "bus.h"
#include "clock.h"
#include "cpu.h"
#include "report.h"

enum {
	NEXT = 1, WRITE = 2, INDIRECT = 4,
	NO_NOTIFY = 1,
	/* A device that has not answered for so long will not. */
	PATIENCE_MS = 120000, SPINS_BETWEEN_LOOKS = 1 << 16,
};

static void fill(struct descriptor *table, int first, const struct part *parts, int count)
{
	for (int i = 0; i < count; i++) {
		int last = i == count - 1;
		table[first + i] = (struct descriptor){
			.addr = (uintptr_t)parts[i].at,
			.len = parts[i].length,
			.flags = (uint16_t)((parts[i].device_writes ? WRITE : 0) | (last ? 0 : NEXT)),
			.next = (uint16_t)(last ? 0 : first + i + 1),
		};
	}
}

/* As Linux does it: with indirect descriptors agreed on, whatever has more than one part is a table. */
void offer(struct ring *ring, int place, const struct part *parts, int count)
{
	struct ring_memory *memory = ring->memory;
	int head = place * PLACE;

	if (ring->indirect && count > 1) {
		if (count > ring->size)
			fail("more parts than the queue has descriptors", (uint64_t)count);
		fill(memory->indirect[place], 0, parts, count);
		memory->descriptors[head] = (struct descriptor){
			.addr = (uintptr_t)memory->indirect[place],
			.len = (uint32_t)count * sizeof(struct descriptor),
			.flags = INDIRECT,
		};
	} else {
		if (count > PLACE || head + count > ring->size)
			fail("without indirect descriptors, too many parts", (uint64_t)count);
		fill(memory->descriptors, head, parts, count);
	}
	memory->available.entries[ring->available++ & (ring->size - 1)] = (uint16_t)head;
}

/* virtio 1.2, 2.7.10 Available Buffer Notification Suppression */
static int wants_to_hear(const struct ring *ring, uint16_t before)
{
	volatile const struct ring_memory *memory = ring->memory;

	if (!ring->event_idx)
		return (memory->used.flags & NO_NOTIFY) == 0;
	/* Where the queue is smaller than its room here, the event index comes sooner. */
	uint16_t event = *(volatile const uint16_t *)&memory->used.entries[ring->size];
	return (uint16_t)(ring->available - event - 1) < (uint16_t)(ring->available - before);
}

void publish(struct ring *ring)
{
	uint16_t before = ring->told;

	if (ring->available == before)
		return;
	store_order();
	*(volatile uint16_t *)&ring->memory->available.idx = ring->available;
	/* The device first allows notifications and then looks at idx: one of both sees the other. */
	full_order();
	ring->told = ring->available;
	if (!wants_to_hear(ring, before))
		return;
	write_register16(ring->bell, ring->index);
	ring->kicks++;
}

int has_used(const struct ring *ring)
{
	return *(volatile const uint16_t *)&ring->memory->used.idx != ring->used;
}

static void wait_for_used(const struct ring *ring)
{
	uint64_t start = ticks(), most = ticks_per_ms() * PATIENCE_MS;

	for (uint64_t spins = 1; !has_used(ring); spins++) {
		relax();
		if (spins % SPINS_BETWEEN_LOOKS == 0 && ticks() - start > most)
			fail("no answer for as many ms", PATIENCE_MS);
	}
}

int collect(struct ring *ring, uint32_t *length)
{
	wait_for_used(ring);
	/* x86 does not move this load before that of idx. */
	store_order();
	const struct ring_memory *memory = ring->memory;
	int at = ring->used++ & (ring->size - 1);
	uint32_t id = memory->used.entries[at].id;
	if (id % PLACE != 0 || id >= ring->size)
		fail("a used buffer that was not offered", id);
	*length = memory->used.entries[at].len;
	return (int)(id / PLACE);
}
