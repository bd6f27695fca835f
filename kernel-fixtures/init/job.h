/* What a guest is for: commands of the host's, or a shell on the console. */
#ifndef TSVMM_INIT_JOB_H
#define TSVMM_INIT_JOB_H

/* What the VMM can choose about a shell; NULL is "as usual". */
struct shell_settings {
	/* GLIBC_TUNABLES=..., which on some hosts keeps glibc off registers that the guest kernel does not save. */
	char *tunables;
	const char *cwd;
	/* Its device below /dev; the first serial port where there is none of that name. */
	const char *terminal;
	const char *term;
	const char *rows;
	const char *columns;
};

/*
 * Starts the process that runs the commands offered under CONTROL_DIR until there are no more. With `missing` shares no
 * command is run: it might do its work in the wrong place. `tunables`, unless NULL, joins the environment of each.
 * Returns a process id or a negative errno.
 */
int start_commands(int missing, char *tunables);

/* Starts a login shell on its terminal. Returns a process id or a negative errno. */
int start_shell(const struct shell_settings *settings);

/* Forks; the child's signals are as a program expects them. Returns as fork does, and says on the console why not. */
int start_process(void);

#endif
