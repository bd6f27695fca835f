/* Where reports go, a byte at a time, and from where a byte comes now and then: serial.c, the first serial port of a machine. */
#ifndef BENCH_CONSOLE_H
#define BENCH_CONSOLE_H

void put(char byte);
/* Waits until a byte arrives. */
void wait_for_byte(void);

/* Ends the machine by whatever way works. */
_Noreturn void power_off(void);

#endif
