/*
 * The bench guest: finds its virtio-9p devices, starts them all, measures one of them as the words of its command line say,
 * reports on the serial port, one JSON object a line, and ends the machine. README.md in the folder above has the words.
 */
#include "bench.h"
#include "console.h"

#include <stdint.h>

/* Offset in boot_params. */
enum { CMD_LINE_PTR = 0x228 };

_Noreturn void main(const uint8_t *boot_params)
{
	const char *line = (const char *)(uintptr_t)*(const uint32_t *)(boot_params + CMD_LINE_PTR);

	bench(line == (void *)0 ? "" : line);
	power_off();
}
