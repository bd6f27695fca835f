#include "execute.h"
#include "text.h"

/* A script without #! is the shell's to run, as every shell has it. */
static int execute_file(const char *path, char *const argv[], char *const envp[])
{
	static char *shell_argv[MAX_ARGUMENTS + 2];
	int error = sys_execve(path, argv, envp);
	int count = 0;

	if (error != -ENOEXEC)
		return error;
	shell_argv[0] = "sh";
	shell_argv[1] = (char *)path;
	while (argv[count]) {
		shell_argv[count + 2] = argv[count + 1];
		count++;
	}
	return sys_execve("/bin/sh", shell_argv, envp);
}

/* Tries each directory of `search`. What is there but cannot be run outweighs what is not there. */
static int execute_in(const char *search, char *const argv[], char *const envp[])
{
	static char path[PATH_MAX];
	int error = -ENOENT;

	while (*search) {
		const char *end = search;
		size_t length = 0;
		const char *name = argv[0];
		int failed;

		while (*end && *end != ':')
			end++;
		if ((size_t)(end - search) + text_length(name) + 2 <= sizeof(path)) {
			while (search < end)
				path[length++] = *search++;
			path[length++] = '/';
			while (*name)
				path[length++] = *name++;
			path[length] = 0;
			failed = execute_file(path, argv, envp);
			if (failed != -ENOENT && failed != -ENOTDIR)
				error = failed;
		}
		search = *end ? end + 1 : end;
	}
	return error;
}

static int has_slash(const char *text)
{
	while (*text && *text != '/')
		text++;
	return *text == '/';
}

int execute(char *const argv[], char *const envp[], const char *search)
{
	return has_slash(argv[0]) ? execute_file(argv[0], argv, envp) : execute_in(search, argv, envp);
}
