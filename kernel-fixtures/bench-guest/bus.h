/* What is no memory: ports, and the registers of devices. bus.c reaches them by instructions, another program by other ways. */
#ifndef BENCH_BUS_H
#define BENCH_BUS_H

#include <stdint.h>

void out8(uint16_t port, uint8_t value);
void out16(uint16_t port, uint16_t value);
void out32(uint16_t port, uint32_t value);
uint8_t in8(uint16_t port);
uint32_t in32(uint16_t port);

/* Makes registers at a bus address reachable; false where that cannot be. */
int reach_registers(uint64_t address);

uint8_t read_register8(uint64_t address);
uint16_t read_register16(uint64_t address);
uint32_t read_register32(uint64_t address);
void write_register8(uint64_t address, uint8_t value);
void write_register16(uint64_t address, uint16_t value);
void write_register32(uint64_t address, uint32_t value);

#endif
