/*
 * The bench guest as a program of the host's: it plays the CPU of a machine that has none, by the qtest protocol, and works on
 * the machine's RAM in place. What it drives and how it reports is in ../../kernel-fixtures/bench-guest.
 *
 *   driver SOCKET RAM WORDS
 *
 * SOCKET is where the machine takes commands, RAM the file that is its RAM, WORDS what a kernel command line would say.
 */
#include "bench.h"
#include "machine.h"

#include <stdio.h>

int main(int count, char **arguments)
{
	if (count != 4) {
		fprintf(stderr, "usage: %s SOCKET RAM WORDS\n", arguments[0]);
		return 2;
	}
	connect_to_machine(arguments[1]);
	join_memory(arguments[2]);
	place_bars();
	bench(arguments[3]);
	return 0;
}
