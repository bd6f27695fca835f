#include "bus.h"
#include "memory.h"

void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

void out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

int reach_registers(uint64_t address) { return map_address(address); }

uint8_t read_register8(uint64_t address) { return *(volatile uint8_t *)address; }
uint16_t read_register16(uint64_t address) { return *(volatile uint16_t *)address; }
uint32_t read_register32(uint64_t address) { return *(volatile uint32_t *)address; }
void write_register8(uint64_t address, uint8_t value) { *(volatile uint8_t *)address = value; }
void write_register16(uint64_t address, uint16_t value) { *(volatile uint16_t *)address = value; }
void write_register32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
