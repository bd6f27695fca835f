/* Strings, and the one way this program has of saying what went wrong. */
#ifndef TSVMM_INIT_TEXT_H
#define TSVMM_INIT_TEXT_H

#include "kernel.h"

size_t text_length(const char *text);
int text_equal(const char *a, const char *b);

/* What follows `prefix` in `text`, or NULL if `text` does not begin with it. */
const char *text_after(const char *text, const char *prefix);

/* The entry NAME=VALUE of `name` in an environment, and its value; NULL if there is none. */
char *environment_entry(char *const envp[], const char *name);
const char *environment_value(char *const envp[], const char *name);

/* The unsigned decimal number `text` begins with; 0 if there is none. */
unsigned text_number(const char *text);

/*
 * Decodes %XX in [from, end) into `to`, NUL-terminated. Returns the length, or -ENAMETOOLONG when it does not fit in
 * `capacity` bytes. %00 and a malformed % are kept as they stand.
 */
int text_decode(char *to, size_t capacity, const char *from, const char *end);

/* A line put together piece by piece; what does not fit is cut. */
struct line {
	size_t length;
	char bytes[512];
};

void line_text(struct line *line, const char *text);
void line_number(struct line *line, unsigned number);
/* ": No such file or directory (errno 2)" */
void line_error(struct line *line, int error);
/* Ends the line and writes it in one piece. */
void line_write(struct line *line, int fd);

/* "tsvmm-init: WHAT SUBJECT: ERROR (errno N)" on standard error; `error` is a negative errno, or 0 for none. */
void complain(const char *what, const char *subject, int error);

#endif
