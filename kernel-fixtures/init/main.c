/*
 * The guest's first process. It mounts what a system needs and what the host shares, runs the host's commands or a shell,
 * and powers the machine off. README.md in the folder above describes its arguments.
 */
#include "job.h"
#include "mounts.h"
#include "text.h"

/* How long processes have to end after SIGTERM, in steps of 50 ms. */
#define GRACE_STEPS 20

/* The signals this process waits for; all stay blocked, so none is lost between two waits. */
#define SIGNAL_BIT(n) (1ULL << ((n) - 1))
static const unsigned long long awaited =
	SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGTERM) | SIGNAL_BIT(SIGUSR1) | SIGNAL_BIT(SIGUSR2) | SIGNAL_BIT(SIGINT);

/* What busybox's applets of these names, and most programs like them, send to process 1. */
static const struct {
	int signal;
	unsigned int command;
} power_requests[] = {
	{ SIGTERM, LINUX_REBOOT_CMD_RESTART },
	{ SIGINT, LINUX_REBOOT_CMD_RESTART },
	{ SIGUSR1, LINUX_REBOOT_CMD_HALT },
	{ SIGUSR2, LINUX_REBOOT_CMD_POWER_OFF },
};

static void sleep_step(void)
{
	struct {
		long seconds;
		long nanoseconds;
	} step = { 0, 50000000 };

	CALL2(nanosleep, &step, NULL);
}

/* Reaps what has ended. Returns 1 when `wanted` was among it, with its status; -ECHILD when no child is left. */
static int reap(int wanted, int *status)
{
	int found = 0;

	for (;;) {
		int child_status;
		int pid = sys_wait(&child_status, WNOHANG);

		if (pid == 0)
			return found;
		if (pid < 0)
			return found ? found : pid;
		if (pid == wanted) {
			*status = child_status;
			found = 1;
		}
	}
}

static void end_processes(void)
{
	int ignored;

	if (reap(0, &ignored) == -ECHILD)
		return;
	sys_kill(-1, SIGTERM);
	sys_kill(-1, SIGHUP);
	for (int step = 0; step < GRACE_STEPS; step++) {
		if (reap(0, &ignored) == -ECHILD)
			return;
		sleep_step();
	}
	sys_kill(-1, SIGKILL);
	while (reap(0, &ignored) != -ECHILD)
		sleep_step();
}

int start_process(void)
{
	unsigned long long none = 0;
	int pid = sys_fork();

	if (pid == 0)
		CALL4(rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
	if (pid < 0)
		complain("cannot make a process", NULL, pid);
	return pid;
}

static __attribute__((noreturn)) void power(unsigned int command)
{
	int error = CALL4(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, command, NULL);

	complain("cannot power off", NULL, error);
	for (;;)
		CALL0(pause);
}

static __attribute__((noreturn)) void finish(unsigned int command)
{
	end_processes();
	unmount_shares();
	sys_sync();
	power(command);
}

/* Waits until process `job` has ended; a request to power off or restart ends everything at once. */
static void wait_for(int job)
{
	for (;;) {
		int signal = CALL4(rt_sigtimedwait, &awaited, NULL, NULL, sizeof(awaited));
		int ignored;

		if (signal == SIGCHLD && reap(job, &ignored) == 1)
			return;
		for (size_t i = 0; i < sizeof(power_requests) / sizeof(power_requests[0]); i++)
			if (power_requests[i].signal == signal)
				finish(power_requests[i].command);
	}
}

struct arguments {
	const char *control;
	struct shell_settings shell;
	int announce;
};

static void read_argument(struct arguments *arguments, const char *argument)
{
	static char cwd[PATH_MAX];
	const char *value;

	if (text_equal(argument, "announce")) {
		arguments->announce = 1;
	} else if ((value = text_after(argument, "control="))) {
		arguments->control = value;
	} else if ((value = text_after(argument, "terminal="))) {
		arguments->shell.terminal = value;
	} else if ((value = text_after(argument, "cwd="))) {
		if (text_decode(cwd, sizeof(cwd), value, value + text_length(value)) > 0)
			arguments->shell.cwd = cwd;
	} else if (!text_after(argument, "mount=")) {
		complain("unknown argument", argument, 0);
	}
}

static int start_job(const struct arguments *arguments, int missing)
{
	int error;

	if (!arguments->control)
		return start_shell(&arguments->shell);
	error = mount_control(arguments->control);
	if (error)
		complain("cannot mount the control share", arguments->control, error);
	return error ? error : start_commands(missing, arguments->shell.tunables);
}

static __attribute__((noreturn, used)) void start(long *stack)
{
	int argc = stack[0];
	char **argv = (char **)(stack + 1);
	char **envp = argv + argc + 1;
	struct arguments arguments = {
		.shell = {
			.tunables = environment_entry(envp, "GLIBC_TUNABLES"),
			.term = environment_value(envp, "TERM"),
			.rows = environment_value(envp, "ROWS"),
			.columns = environment_value(envp, "COLUMNS"),
		},
	};
	int missing = 0;
	int job;

	if (CALL0(getpid) != 1) {
		complain("this is the first process of a tsvmm guest, not a program to run", NULL, 0);
		sys_exit(1);
	}
	CALL4(rt_sigprocmask, SIG_SETMASK, &awaited, NULL, sizeof(awaited));
	for (int i = 1; i < argc; i++)
		read_argument(&arguments, argv[i]);
	if (arguments.announce)
		sys_write(1, "tsvmm-init: userland\n", 21);
	mount_system();
	CALL2(sethostname, "tsvmm", 5);
	for (int i = 1; i < argc; i++) {
		const char *request = text_after(argv[i], "mount=");

		if (request && mount_share(request))
			missing++;
	}
	job = start_job(&arguments, missing);
	if (job > 0)
		wait_for(job);
	finish(LINUX_REBOOT_CMD_POWER_OFF);
}

/* The kernel enters here with the stack pointer at argc. */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#else
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %esp, %eax\n\tand $-16, %esp\n\tsub $12, %esp\n\tpush %eax\n\tcall start\n");
#endif
