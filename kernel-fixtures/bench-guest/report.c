#include "report.h"
#include "console.h"

static int members;

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

void ask(void)
{
	put_text("?\n");
	wait_for_byte();
}
