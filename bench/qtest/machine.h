/* A machine without a CPU, which this program plays. */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

/* To the socket at `path`, where it takes commands. Ends the program where nobody is there. */
void connect_to_machine(const char *path);
/* Has what devices read and write (BUFFER) lie in the machine's RAM, a file, at the addresses it has here. */
void join_memory(const char *path);
/* Gives the BARs of virtio devices on bus 0 addresses, as firmware would. */
void place_bars(void);

#endif
