#include "memory.h"

enum {
	PRESENT = 1, WRITABLE = 2, USER = 4, LARGE_PAGE = 0x80,
	ENTRIES = 512,
	/* Tables for whole GiB: the first four, and some for BARs above. */
	MOST_GIGABYTES = 12,
};

#define GIB (1ull << 30)
#define MIB2 (2ull << 20)

static uint64_t pml4[ENTRIES] __attribute__((aligned(4096)));
static uint64_t pdpt[ENTRIES] __attribute__((aligned(4096)));
static uint64_t directories[MOST_GIGABYTES][ENTRIES] __attribute__((aligned(4096)));
static int used_directories;

/* Maps a GiB of the first 512 to itself, for CPL 3; false where that cannot be. A new entry needs no flush. */
static int map_gigabyte(uint64_t number)
{
	if (number >= ENTRIES || used_directories == MOST_GIGABYTES)
		return 0;
	if (pdpt[number] != 0)
		return 1;
	uint64_t *directory = directories[used_directories++];
	for (int i = 0; i < ENTRIES; i++)
		directory[i] = (number * GIB + (uint64_t)i * MIB2) | LARGE_PAGE | USER | WRITABLE | PRESENT;
	store_order();
	*(volatile uint64_t *)&pdpt[number] = (uintptr_t)directory | USER | WRITABLE | PRESENT;
	return 1;
}

/* Called at CPL 0: the first 4 GiB, which on these machines hold the RAM used here and most BARs. Returns what CR3 gets. */
uint64_t map_memory(void)
{
	pml4[0] = (uintptr_t)pdpt | USER | WRITABLE | PRESENT;
	for (uint64_t number = 0; number < 4; number++)
		map_gigabyte(number);
	return (uintptr_t)pml4;
}

int map_address(uint64_t address)
{
	return map_gigabyte(address / GIB);
}

/* The compiler calls these two by name. */
void *memset(void *at, int value, size_t length)
{
	void *start = at;

	__asm__ volatile("rep stosb" : "+D"(at), "+c"(length) : "a"(value) : "memory");
	return start;
}

void *memcpy(void *to, const void *from, size_t length)
{
	void *start = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
	return start;
}
