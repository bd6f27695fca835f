#include "machine.h"
#include "memory.h"
#include "report.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096 };

/* Where the linker has put the section; it was told an address that is RAM in every machine. */
extern uint8_t __start_buffers[], __stop_buffers[];

void join_memory(const char *path)
{
	uintptr_t end = ((uintptr_t)__stop_buffers + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	size_t length = end - (uintptr_t)__start_buffers;
	struct stat stat;

	int file = open(path, O_RDWR | O_CLOEXEC);
	if (file < 0 || fstat(file, &stat) != 0)
		fail("no RAM of a machine to be opened", 0);
	if ((uint64_t)stat.st_size < end)
		fail("too little RAM in the machine, in bytes", (uint64_t)stat.st_size);
	void *mapped = mmap(__start_buffers, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, file,
			    (off_t)(uintptr_t)__start_buffers);
	if (mapped != __start_buffers)
		fail("RAM of the machine that cannot be mapped", (uintptr_t)__start_buffers);
	close(file);
}
