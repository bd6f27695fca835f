/* Where things are, for boot.S, the linker script and start.S. */
#define LOAD_ADDRESS 0x100000
/* Of the ELF file behind what boot.S makes, from LOAD_ADDRESS on. */
#define PAYLOAD_OFFSET 0x4000
/* Longest command line, its end excluded. */
#define CMDLINE_SIZE 2047
