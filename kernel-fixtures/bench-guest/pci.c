#include "pci.h"
#include "bus.h"

/* PCI Local Bus 3.0, 3.2.2.3.2 Software Generation of Configuration Transactions; 6.1 Configuration Space Organization */
enum {
	ADDRESS = 0xcf8, DATA = 0xcfc,
	COMMAND = 0x04, MEMORY_SPACE = 1 << 1, BUS_MASTER = 1 << 2,
	STATUS = 0x06, CAPABILITIES_LIST = 1 << 4,
	CAPABILITIES = 0x34, MOST_CAPABILITIES = 48,
};

uint32_t read_config(struct function function, int at)
{
	out32(ADDRESS, 1u << 31 | (uint32_t)function.slot << 11 | (uint32_t)function.number << 8 | (uint32_t)(at & 0xfc));
	return in32(DATA);
}

uint32_t read_config_part(struct function function, int at, int width)
{
	uint32_t word = read_config(function, at) >> 8 * (at & 3);

	return width == 4 ? word : word & ((1u << 8 * width) - 1);
}

void write_config(struct function function, int at, uint32_t value)
{
	out32(ADDRESS, 1u << 31 | (uint32_t)function.slot << 11 | (uint32_t)function.number << 8 | (uint32_t)(at & 0xfc));
	out32(DATA, value);
}

void enable_function(struct function function)
{
	/* The upper half is the status register, whose bits are cleared by writing ones. */
	write_config(function, COMMAND, read_config_part(function, COMMAND, 2) | MEMORY_SPACE | BUS_MASTER);
}

uint64_t bar_address(struct function function, int bar)
{
	uint32_t low = read_config(function, FIRST_BAR + 4 * bar);
	uint64_t high = (low & BAR_TYPE) == BAR_64 && bar < 5 ? read_config(function, FIRST_BAR + 4 * (bar + 1)) : 0;

	return (low & BAR_IO) != 0 ? 0 : high << 32 | (low & ~0xfu);
}

int next_capability(struct function function, int id, int from)
{
	if ((read_config_part(function, STATUS, 2) & CAPABILITIES_LIST) == 0)
		return 0;
	int at = (int)read_config_part(function, from == 0 ? CAPABILITIES : from + 1, 1) & 0xfc;
	for (int left = MOST_CAPABILITIES; at != 0 && left > 0; left--) {
		if ((int)read_config_part(function, at, 1) == id)
			return at;
		at = (int)read_config_part(function, at + 1, 1) & 0xfc;
	}
	return 0;
}
