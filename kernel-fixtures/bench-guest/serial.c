#include "serial.h"
#include "clock.h"
#include "cpu.h"

enum {
	COM1 = 0x3f8, LINE_STATUS = COM1 + 5, DATA_READY = 1,
	PM1A_CONTROL = 0x604, SLEEP_ENABLE = 1 << 13,
	KEYBOARD_COMMAND = 0x64, RESET_COMMAND = 0xfe,
	/* Between two looks for a byte: each is an exit that costs the machine's own threads time. */
	LOOK_US = 1000,
	/* What a machine that has been told to end may take. */
	END_US = 500000,
};

static int members;

/* No machine here has a line that bytes must wait for, so none is asked about: it would double the exits. */
static void put(char byte)
{
	out8(COM1, (uint8_t)byte);
}

void put_text(const char *text)
{
	while (*text != '\0')
		put(*text++);
}

static void put_digits(uint64_t value, unsigned base)
{
	char digits[20];
	int count = 0;

	do {
		digits[count++] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	while (count > 0)
		put(digits[--count]);
}

void put_number(uint64_t value)
{
	put_digits(value, 10);
}

void put_hex(uint64_t value)
{
	put_text("0x");
	put_digits(value, 16);
}

void begin_object(void)
{
	members = 0;
	put('{');
}

static void put_name(const char *name)
{
	if (members++ > 0)
		put(',');
	put('"');
	put_text(name);
	put_text("\":");
}

void put_member(const char *name, uint64_t value)
{
	put_name(name);
	put_number(value);
}

void put_text_member(const char *name, const char *text, int length)
{
	put_name(name);
	put('"');
	for (int i = 0; i < length; i++)
		put(text[i] == '"' || text[i] == '\\' || text[i] < ' ' ? '_' : text[i]);
	put('"');
}

void put_hex_member(const char *name, uint64_t value)
{
	put_name(name);
	put('"');
	put_hex(value);
	put('"');
}

void end_object(void)
{
	put_text("}\n");
}

void ask(void)
{
	put_text("?\n");
	while ((in8(LINE_STATUS) & DATA_READY) == 0)
		wait_us(LOOK_US);
	in8(COM1);
}

static int length_of(const char *text)
{
	int length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

_Noreturn void fail(const char *what, uint64_t detail)
{
	begin_object();
	put_text_member("error", what, length_of(what));
	put_member("detail", detail);
	end_object();
	power_off();
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
