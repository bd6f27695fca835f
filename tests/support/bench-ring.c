/*
 * The bench guest's ring as a program of this host, where a test plays the device:
 *
 *   bench-ring EVENT_IDX SUPPRESSED TOLD COUNT   prints how often it rings for COUNT buffers, and what the device sees of the index
 *
 * TOLD is the index the device has been told so far; SUPPRESSED is the flags of the used ring or, with EVENT_IDX 1, its avail_event.
 */
#include "../../kernel-fixtures/bench-guest/ring.h"

#include <stdio.h>
#include <stdlib.h>

/* What the ring takes of the rest of the guest. */
_Noreturn void fail(const char *what, uint64_t detail) {
  printf("%s %llu\n", what, (unsigned long long)detail);
  exit(1);
}
uint64_t ticks_per_ms(void) { return 1000000; }

enum { SIZE = 64, BELL = 0xfe003000 };

static struct ring_memory memory;

/* What was written to the register to ring at. */
static uint16_t rung = 0xffff;

void write_register16(uint64_t address, uint16_t value) {
  if (address == BELL) rung = value;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int event_idx = atoi(argv[1]);
  uint16_t suppressed = atoi(argv[2]), told = atoi(argv[3]);
  struct ring ring = {.memory = &memory, .bell = BELL, .index = 5, .size = SIZE, .event_idx = event_idx};
  ring.available = ring.told = memory.available.idx = told;
  /* Behind the entries of a ring of this size. */
  if (event_idx) *(uint16_t *)&memory.used.entries[SIZE] = suppressed;
  else memory.used.flags = suppressed;
  struct part part = {&memory, 1, 0};
  for (int place = 0; place < atoi(argv[4]); place++) offer(&ring, place, &part, 1);
  publish(&ring);
  printf("%llu %u %d\n", (unsigned long long)ring.kicks, memory.available.idx, rung == 5);
  return 0;
}
