#include "machine.h"
#include "pci.h"
#include "report.h"

#include <stdint.h>

/* Between RAM and the interrupt controllers on the machines driven here. */
#define FIRST_PLACE 0xe0000000u
#define PLACES_END 0xfe000000u

static uint32_t next_place = FIRST_PLACE;

/* Returns how many registers the BAR takes. */
static int place_bar(struct function function, int bar)
{
	int at = FIRST_BAR + 4 * bar;

	write_config(function, at, 0xffffffff);
	uint32_t bits = read_config(function, at);
	int wide = (bits & (BAR_IO | BAR_TYPE)) == BAR_64;
	if (bits == 0 || (bits & BAR_IO) != 0) {
		write_config(function, at, 0);
		return 1;
	}
	uint32_t length = ~(bits & ~0xfu) + 1;
	next_place = (next_place + length - 1) & ~(length - 1);
	if (next_place > PLACES_END - length)
		fail("no place left for a BAR of bytes", length);
	write_config(function, at, next_place);
	if (wide)
		write_config(function, at + 4, 0);
	next_place += length;
	return wide ? 2 : 1;
}

void place_bars(void)
{
	for (int slot = 0; slot < SLOTS; slot++) {
		struct function function = {slot, 0};
		if (read_config_part(function, 0, 2) != VIRTIO_VENDOR)
			continue;
		for (int bar = 0; bar < BARS;)
			bar += place_bar(function, bar);
	}
}
