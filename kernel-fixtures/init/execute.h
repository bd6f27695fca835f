/* Turning the calling process into another program. */
#ifndef TSVMM_INIT_EXECUTE_H
#define TSVMM_INIT_EXECUTE_H

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Pointers a vector of arguments may have, the NULL at its end included. */
#define MAX_ARGUMENTS 65536

/*
 * Runs argv[0], searched for in the directories of `search` unless there is a slash in it. Returns only on failure: a
 * negative errno, as a shell would report it.
 */
int execute(char *const argv[], char *const envp[], const char *search);

#endif
