#include "execute.h"
#include "job.h"
#include "mounts.h"
#include "text.h"

/* Exit statuses as shells have them, and docker's for what could not even be tried. */
#define STATUS_NOT_TRIED 125
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128
#define LAST_SIGNAL 64

/*
 * v9fs goes on reading until the buffer is full or the file ends, which on a file that grows while it is read may be
 * never; with O_NONBLOCK it is content with one answer, and waits for that one all the same.
 */
#define READ_AS_IT_COMES (O_RDONLY | O_NONBLOCK)

/* Strings of a command, and the vector of pointers to them. Pages of these that are never touched cost nothing. */
#define MAX_STRINGS (2 << 20)

/* Bytes read at a time: less than what one message carries. */
#define CHUNK 32768

struct strings {
	char bytes[MAX_STRINGS];
	char *pointers[MAX_ARGUMENTS];
	int count;
};

static struct strings arguments;
static struct strings environment;

/* Reads a whole file; an answer that is shorter than what was asked for is the last, so that a small file takes one. */
static ssize_t read_file(const char *path, char *to, size_t capacity)
{
	int fd = sys_open(path, READ_AS_IT_COMES);
	size_t length = 0;
	ssize_t got, asked;

	if (fd < 0)
		return fd;
	do {
		asked = capacity - length < CHUNK ? capacity - length : CHUNK;
		got = sys_read(fd, to + length, asked);
		if (got > 0)
			length += got;
	} while (got == asked && asked > 0);
	sys_close(fd);
	if (got < 0)
		return got;
	return length == capacity ? -E2BIG : (ssize_t)length;
}

/* Reads a file of NUL-separated strings. Room for three more stays free. */
static int read_strings(const char *path, struct strings *strings)
{
	ssize_t length = read_file(path, strings->bytes, MAX_STRINGS - 1);
	ssize_t at = 0;

	if (length < 0)
		return length;
	strings->bytes[length] = 0;
	while (at < length) {
		if (strings->count == MAX_ARGUMENTS - 4)
			return -E2BIG;
		strings->pointers[strings->count++] = strings->bytes + at;
		at += text_length(strings->bytes + at) + 1;
	}
	return 0;
}

static int open_as(const char *path, int flags, int wanted)
{
	int fd = sys_open(path, flags);

	if (fd >= 0 && fd != wanted) {
		sys_dup2(fd, wanted);
		sys_close(fd);
	}
	return fd < 0 ? fd : 0;
}

static int open_streams(void)
{
	int error = open_as("stderr", O_WRONLY, 2);

	if (!error)
		error = open_as("stdout", O_WRONLY, 1);
	if (!error)
		error = open_as("stdin", READ_AS_IT_COMES, 0);
	return error;
}

static int read_description(void)
{
	int error = read_strings("argv", &arguments);

	if (!error && arguments.count == 0)
		error = -EINVAL;
	return error ? error : read_strings("env", &environment);
}

/* Becomes the command, or says on its standard error why not. The current directory is that of its control files. */
static __attribute__((noreturn)) void become_command(int missing, char *tunables)
{
	static char cwd[PATH_MAX];
	char **argv = arguments.pointers;
	char **envp = environment.pointers;
	const char *search;
	int error = open_streams();

	sys_setsid();
	if (!error)
		error = read_description();
	if (!error)
		error = read_file("cwd", cwd, sizeof(cwd));
	if (error < 0) {
		complain("cannot read what to run", NULL, error);
		sys_exit(STATUS_NOT_TRIED);
	}
	if (missing) {
		complain("not run, since a share could not be mounted:", argv[0], 0);
		sys_exit(STATUS_NOT_TRIED);
	}
	error = sys_chdir(cwd[0] ? cwd : "/");
	if (error) {
		complain("cannot enter the working directory", cwd, error);
		sys_exit(STATUS_NOT_EXECUTABLE);
	}
	search = environment_value(envp, "PATH");
	if (!search) {
		search = DEFAULT_PATH;
		envp[environment.count++] = "PATH=" DEFAULT_PATH;
	}
	if (!environment_value(envp, "HOME"))
		envp[environment.count++] = "HOME=/root";
	if (tunables && !environment_entry(envp, "GLIBC_TUNABLES"))
		envp[environment.count++] = tunables;
	error = execute(argv, envp, search);
	complain("cannot run", argv[0], error);
	sys_exit(error == -ENOENT || error == -ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/*
 * Hands the signals the host writes, one decimal number a line, to the command's process group. There may be no such
 * group yet; then the process itself is meant.
 */
static __attribute__((noreturn)) void deliver_signals(int command)
{
	char bytes[64];
	int fd = sys_open("signal", READ_AS_IT_COMES);
	unsigned number = 0;
	ssize_t got;

	while (fd >= 0 && (got = sys_read(fd, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (bytes[i] >= '0' && bytes[i] <= '9') {
				number = number * 10 + (bytes[i] - '0');
				continue;
			}
			if (number > 0 && number <= LAST_SIGNAL && sys_kill(-command, number) == -ESRCH)
				sys_kill(command, number);
			number = 0;
		}
	}
	sys_exit(0);
}

static void report_status(int status)
{
	struct line line = { .length = 0 };
	int fd = sys_open("status", O_WRONLY);

	if (fd < 0) {
		complain("cannot open", CONTROL_DIR "/N/status", fd);
		return;
	}
	line_number(&line, status);
	line_write(&line, fd);
	sys_close(fd);
}

/* Sees one command through, from its control files to its exit status. */
static __attribute__((noreturn)) void run_command(const char *directory, int missing, char *tunables)
{
	int error = sys_chdir(directory);
	int command, signals, status;

	if (error) {
		complain("cannot enter " CONTROL_DIR, directory, error);
		sys_exit(1);
	}
	command = start_process();
	if (command == 0)
		become_command(missing, tunables);
	if (command < 0) {
		report_status(STATUS_NOT_TRIED);
		sys_exit(1);
	}
	signals = start_process();
	if (signals == 0)
		deliver_signals(command);
	while (sys_wait(&status, 0) != command)
		;
	if (signals > 0)
		sys_kill(signals, SIGKILL);
	/* What the command left in mapped pages has to be on the host when the host hears that it ended. */
	sys_sync();
	report_status(status & 0x7f ? STATUS_SIGNAL + (status & 0x7f) : (status >> 8) & 0xff);
	sys_exit(0);
}

/* Each line of `next` names the directory of one more command; commands do not wait for each other. */
static __attribute__((noreturn)) void run_commands(int missing, char *tunables)
{
	char line[NAME_MAX + 1];
	int fd = sys_chdir(CONTROL_DIR);
	int ignored;
	ssize_t got;

	if (fd == 0)
		fd = sys_open("next", READ_AS_IT_COMES);
	if (fd < 0) {
		complain("cannot open", CONTROL_DIR "/next", fd);
		sys_exit(1);
	}
	while ((got = sys_read(fd, line, sizeof(line) - 1)) > 0) {
		line[line[got - 1] == '\n' ? got - 1 : got] = 0;
		if (start_process() == 0) {
			sys_close(fd);
			run_command(line, missing, tunables);
		}
		while (sys_wait(&ignored, WNOHANG) > 0)
			;
	}
	if (got < 0)
		complain("cannot read", CONTROL_DIR "/next", got);
	while (sys_wait(&ignored, 0) > 0)
		;
	sys_exit(0);
}

int start_commands(int missing, char *tunables)
{
	int pid = start_process();

	if (pid == 0)
		run_commands(missing, tunables);
	return pid;
}
