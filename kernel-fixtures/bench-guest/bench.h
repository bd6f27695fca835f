#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/* Finds the devices, starts them all, measures one of them as the words of `line` say, and reports. */
void bench(const char *line);

#endif
