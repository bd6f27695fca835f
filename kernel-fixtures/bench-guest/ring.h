/* The driver's side of a split virtqueue. virtio 1.2, 2.7 Split Virtqueues */
#ifndef BENCH_RING_H
#define BENCH_RING_H

#include <stdint.h>

enum {
	MOST_QUEUE_SIZE = 128,
	/* Buffers that are under way at once, each with a place of its own in the descriptor table. */
	MOST_DEPTH = 32, PLACE = MOST_QUEUE_SIZE / MOST_DEPTH,
};

struct descriptor {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;
};

/* A ring in memory: `available` and `used` with the event index behind their entries. */
struct ring_memory {
	struct descriptor descriptors[MOST_QUEUE_SIZE];
	struct {
		uint16_t flags, idx, entries[MOST_QUEUE_SIZE], used_event;
	} available;
	struct {
		uint16_t flags, idx;
		struct {
			uint32_t id, len;
		} __attribute__((packed)) entries[MOST_QUEUE_SIZE];
		uint16_t avail_event;
	} used __attribute__((aligned(4)));
	/* One for each place. */
	struct descriptor indirect[MOST_DEPTH][MOST_QUEUE_SIZE];
} __attribute__((aligned(4096)));

struct ring {
	struct ring_memory *memory;
	/* The register to ring at. */
	uint64_t bell;
	uint16_t index, size;
	int event_idx, indirect;
	/* Free-running: what was made available, what of that the device was told at the last look, what came back. */
	uint16_t available, told, used;
	uint64_t kicks;
};

/* Bytes that go one way; a buffer of more than one part is a chain. */
struct part {
	const volatile void *at;
	uint32_t length;
	int device_writes;
};

/* Makes a buffer available at a place that is free; the device sees it at the next publish. */
void offer(struct ring *ring, int place, const struct part *parts, int count);
/* Shows the device what has been offered, and rings if it wants to hear of it. */
void publish(struct ring *ring);
/* Waits until something came back; the place and, in `length`, the bytes the device wrote. */
int collect(struct ring *ring, uint32_t *length);
/* True if more came back and waits for collect. */
int has_used(const struct ring *ring);

#endif
