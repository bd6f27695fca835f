#include "console.h"

#include <stdio.h>
#include <stdlib.h>

void put(char byte)
{
	putchar(byte);
	if (byte == '\n')
		fflush(stdout);
}

void wait_for_byte(void)
{
	/* Nobody will ever answer. */
	if (getchar() == EOF)
		exit(EXIT_FAILURE);
}

_Noreturn void power_off(void)
{
	exit(EXIT_SUCCESS);
}
