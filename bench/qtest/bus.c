/* Ports and registers by way of a machine without a CPU, in the lines of QEMU's qtest protocol. */
#include "bus.h"
#include "machine.h"
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	LINE_ROOM = 128,
	/* Writes whose answers have not been looked at: a CPU does not wait for a register to be written either. */
	MOST_OWED = 32,
	/* Seconds that an answer may take. */
	PATIENCE_S = 120,
};

static int machine = -1, owed;

void connect_to_machine(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};

	if (strlen(path) >= sizeof address.sun_path)
		fail("a path too long for a socket, in bytes", strlen(path));
	strcpy(address.sun_path, path);
	machine = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (machine < 0 || connect(machine, (struct sockaddr *)&address, sizeof address) != 0)
		fail("no machine at the socket", 0);
	setsockopt(machine, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

/* The next line, without its end; an answer comes as one or more pieces. */
static const char *read_line(void)
{
	static char bytes[4096], line[LINE_ROOM];
	static size_t from, to;
	size_t length = 0;

	for (;;) {
		if (from == to) {
			ssize_t got = recv(machine, bytes, sizeof bytes, 0);
			if (got <= 0)
				fail("the machine hung up, or did not answer for as many seconds", PATIENCE_S);
			from = 0;
			to = (size_t)got;
		}
		char byte = bytes[from++];
		if (byte == '\n')
			break;
		if (length == LINE_ROOM - 1)
			fail("an answer longer than", LINE_ROOM);
		line[length++] = byte;
	}
	line[length] = '\0';
	return line;
}

/* Reads all answers that are due; the number in the last one. */
static uint64_t settle(void)
{
	const char *line = "OK";

	for (; owed > 0; owed--) {
		line = read_line();
		if (strncmp(line, "OK", 2) != 0)
			fail("the machine refused a command", 0);
	}
	return strtoull(line + 2, NULL, 0);
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...)
{
	char line[LINE_ROOM];
	va_list arguments;

	if (owed == MOST_OWED)
		settle();
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (send(machine, line, (size_t)length, MSG_NOSIGNAL) != length)
		fail("the machine hung up", 0);
	owed++;
}

void out8(uint16_t port, uint8_t value) { tell("outb 0x%x 0x%x\n", port, value); }
void out16(uint16_t port, uint16_t value) { tell("outw 0x%x 0x%x\n", port, value); }
void out32(uint16_t port, uint32_t value) { tell("outl 0x%x 0x%x\n", port, value); }

uint8_t in8(uint16_t port)
{
	tell("inb 0x%x\n", port);
	return (uint8_t)settle();
}

uint32_t in32(uint16_t port)
{
	tell("inl 0x%x\n", port);
	return (uint32_t)settle();
}

int reach_registers(uint64_t address)
{
	return address != 0;
}

static uint64_t read_register(char width, uint64_t address)
{
	tell("read%c 0x%llx\n", width, (unsigned long long)address);
	return settle();
}

static void write_register(char width, uint64_t address, uint32_t value)
{
	tell("write%c 0x%llx 0x%x\n", width, (unsigned long long)address, value);
}

uint8_t read_register8(uint64_t address) { return (uint8_t)read_register('b', address); }
uint16_t read_register16(uint64_t address) { return (uint16_t)read_register('w', address); }
uint32_t read_register32(uint64_t address) { return (uint32_t)read_register('l', address); }
void write_register8(uint64_t address, uint8_t value) { write_register('b', address, value); }
void write_register16(uint64_t address, uint16_t value) { write_register('w', address, value); }
void write_register32(uint64_t address, uint32_t value) { write_register('l', address, value); }
