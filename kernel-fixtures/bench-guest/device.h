/* A virtio-9p device on the PCI bus by the interface of virtio 1.x, brought up as far as a queue to drive. */
#ifndef BENCH_DEVICE_H
#define BENCH_DEVICE_H

#include "pci.h"
#include "ring.h"

enum { MOST_DEVICES = 24, MOST_TAG = 64 };

struct device {
	struct function function;
	/* Where its registers are. */
	uint64_t common, config;
	char tag[MOST_TAG];
	int tag_length;
	uint64_t features;
	struct ring ring;
};

/* What of the rings is to be agreed on where the device offers it. */
struct wishes {
	int event_idx, indirect;
};

/* Finds and starts all that are on bus 0; returns how many. */
int start_devices(struct device *devices, struct wishes wishes);

#endif
