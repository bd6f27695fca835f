/* PCI configuration space by mechanism #1. */
#ifndef BENCH_PCI_H
#define BENCH_PCI_H

#include <stdint.h>

/* PCI Local Bus 3.0, 6.2.5.1 Address Maps */
enum { SLOTS = 32, BARS = 6, FIRST_BAR = 0x10, BAR_IO = 1, BAR_TYPE = 6, BAR_64 = 4 };
/* Of all virtio devices. virtio 1.2, 4.1.2 PCI Device Discovery */
enum { VIRTIO_VENDOR = 0x1af4 };

/* A function on bus 0. */
struct function {
	int slot, number;
};

uint32_t read_config(struct function function, int at);
/* `width` bytes, 1, 2 or 4, that do not cross a doubleword. */
uint32_t read_config_part(struct function function, int at, int width);
void write_config(struct function function, int at, uint32_t value);

/* Lets it decode its BARs and write to memory. */
void enable_function(struct function function);
/* Where a memory BAR is, or 0: an I/O BAR, or one that nobody has placed. */
uint64_t bar_address(struct function function, int bar);
/* The first capability with this id, or the next one after `from`; 0 at the end. */
int next_capability(struct function function, int id, int from);

#endif
