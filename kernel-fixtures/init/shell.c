#include "execute.h"
#include "job.h"
#include "text.h"

static char *setting(char *to, size_t capacity, const char *name, const char *value)
{
	size_t length = 0;

	while (*name)
		to[length++] = *name++;
	while (*value && length + 1 < capacity)
		to[length++] = *value++;
	to[length] = 0;
	return to;
}

static void open_terminal(const struct shell_settings *settings)
{
	struct winsize size = { .ws_row = 0 };
	static char path[64];
	int fd = -ENOENT;

	/* A controlling terminal has to be the terminal itself: /dev/console never is one. */
	if (settings->terminal)
		fd = sys_open(setting(path, sizeof(path), "/dev/", settings->terminal), O_RDWR);
	if (fd < 0)
		fd = sys_open("/dev/ttyS0", O_RDWR);
	if (fd < 0) {
		complain("cannot open", "/dev/ttyS0", fd);
		return;
	}
	sys_ioctl(fd, TIOCSCTTY, NULL);
	if (settings->rows && settings->columns) {
		size.ws_row = text_number(settings->rows);
		size.ws_col = text_number(settings->columns);
		sys_ioctl(fd, TIOCSWINSZ, &size);
	}
	for (int to = 0; to <= 2; to++)
		if (fd != to)
			sys_dup2(fd, to);
	if (fd > 2)
		sys_close(fd);
}

static __attribute__((noreturn)) void become_shell(const struct shell_settings *settings)
{
	static char term[128];
	char *const argv[] = { "-sh", NULL };
	char *const envp[] = {
		"PATH=" DEFAULT_PATH, "HOME=/root", "USER=root", "LOGNAME=root", "SHELL=/bin/sh",
		setting(term, sizeof(term), "TERM=", settings->term ? settings->term : "linux"),
		settings->tunables, NULL,
	};
	int error = -ENOENT;

	sys_setsid();
	open_terminal(settings);
	if (settings->cwd) {
		error = sys_chdir(settings->cwd);
		if (error)
			complain("cannot enter", settings->cwd, error);
	}
	if (error)
		sys_chdir("/root");
	error = sys_execve("/bin/sh", argv, envp);
	complain("cannot run", "/bin/sh", error);
	sys_exit(127);
}

int start_shell(const struct shell_settings *settings)
{
	int pid = start_process();

	if (pid == 0)
		become_shell(settings);
	return pid;
}
