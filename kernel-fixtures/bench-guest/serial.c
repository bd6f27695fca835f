#include "console.h"
#include "bus.h"
#include "clock.h"

enum {
	COM1 = 0x3f8, LINE_STATUS = COM1 + 5, DATA_READY = 1,
	PM1A_CONTROL = 0x604, SLEEP_ENABLE = 1 << 13,
	KEYBOARD_COMMAND = 0x64, RESET_COMMAND = 0xfe,
	/* Between two looks for a byte: each is an exit that costs the machine's own threads time. */
	LOOK_US = 1000,
	/* What a machine that has been told to end may take. */
	END_US = 500000,
};

/* No machine here has a line that bytes must wait for, so none is asked about: it would double the exits. */
void put(char byte)
{
	out8(COM1, (uint8_t)byte);
}

void wait_for_byte(void)
{
	while ((in8(LINE_STATUS) & DATA_READY) == 0)
		wait_us(LOOK_US);
	in8(COM1);
}

/* ACPI's sleep state 5 where PM1a control is on the machines that can boot this; a reset; a triple fault. */
_Noreturn void power_off(void)
{
	out16(PM1A_CONTROL, SLEEP_ENABLE);
	wait_us(END_US);
	out8(KEYBOARD_COMMAND, RESET_COMMAND);
	wait_us(END_US);
	for (;;)
		__asm__ volatile("ud2");
}
