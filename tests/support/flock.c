/*
 * Waits for an exclusive flock(2) of descriptor 9 and leaves it locked: what `flock 9` does, for guests whose busybox
 * lacks that. With HOLD it does not end then, and keeps the lock by that. For i386, without a C library.
 */
enum { SYS_EXIT = 1, SYS_PAUSE = 29, SYS_FLOCK = 143, DESCRIPTOR = 9, LOCK_EX = 2 };

static long system_call(long number, long first, long second)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(first), "c"(second) : "memory");
	return result;
}

void _start(void)
{
	long result = system_call(SYS_FLOCK, DESCRIPTOR, LOCK_EX);

#ifdef HOLD
	if (result == 0)
		system_call(SYS_PAUSE, 0, 0);
#endif
	system_call(SYS_EXIT, result == 0 ? 0 : 1, 0);
}
