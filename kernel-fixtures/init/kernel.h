/*
 * The system calls this program makes, without a C library: it is read page by page over 9p by a guest whose kernel
 * may be emulated, so its size is boot time.
 */
#ifndef TSVMM_INIT_KERNEL_H
#define TSVMM_INIT_KERNEL_H

#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/statfs.h>
#include <asm/termios.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <linux/types.h>
#include <linux/wait.h>

/* <linux/fs.h> and libc define NULL; freestanding code has neither. */
#define NULL ((void *)0)

typedef unsigned long size_t;
typedef long ssize_t;

/* Every wrapper returns what the kernel returns: a result, or a negative errno. */

#if defined(__x86_64__)
static inline long syscall5(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined(__i386__)
static inline long syscall5(long number, long a, long b, long c, long d, long e)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}
#else
#error "this init knows x86_64 and i386"
#endif

#define CALL0(n) syscall5(__NR_##n, 0, 0, 0, 0, 0)
#define CALL1(n, a) syscall5(__NR_##n, (long)(a), 0, 0, 0, 0)
#define CALL2(n, a, b) syscall5(__NR_##n, (long)(a), (long)(b), 0, 0, 0)
#define CALL3(n, a, b, c) syscall5(__NR_##n, (long)(a), (long)(b), (long)(c), 0, 0)
#define CALL4(n, a, b, c, d) syscall5(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), 0)
#define CALL5(n, a, b, c, d, e) syscall5(__NR_##n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static inline int sys_open(const char *path, int flags)
{
	return CALL3(open, path, flags, 0);
}

static inline int sys_close(int fd)
{
	return CALL1(close, fd);
}

static inline ssize_t sys_read(int fd, void *buffer, size_t length)
{
	return CALL3(read, fd, buffer, length);
}

static inline ssize_t sys_write(int fd, const void *buffer, size_t length)
{
	return CALL3(write, fd, buffer, length);
}

static inline int sys_dup2(int from, int to)
{
	return CALL2(dup2, from, to);
}

static inline int sys_ioctl(int fd, unsigned long request, const void *argument)
{
	return CALL3(ioctl, fd, request, argument);
}

static inline int sys_mkdir(const char *path)
{
	return CALL2(mkdir, path, 0755);
}

static inline int sys_chdir(const char *path)
{
	return CALL1(chdir, path);
}

static inline int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
			    const char *options)
{
	return CALL5(mount, source, target, type, flags, options);
}

static inline int sys_umount(const char *target)
{
	return CALL2(umount2, target, 0);
}

static inline int sys_fork(void)
{
	return CALL0(fork);
}

static inline int sys_setsid(void)
{
	return CALL0(setsid);
}

static inline int sys_kill(int pid, int signal)
{
	return CALL2(kill, pid, signal);
}

static inline int sys_wait(int *status, int options)
{
	return CALL4(wait4, -1, status, options, NULL);
}

static inline int sys_execve(const char *path, char *const argv[], char *const envp[])
{
	return CALL3(execve, path, argv, envp);
}

static inline void sys_sync(void)
{
	CALL0(sync);
}

static inline __attribute__((noreturn)) void sys_exit(int status)
{
	for (;;)
		CALL1(exit_group, status);
}

#endif
