/* The kernel command line: words at blanks. Of those that are not known here, boot loaders and machines add some. */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include <stdint.h>

/* Copies a command line. */
void read_words(const char *line);
/* What stands behind the last `NAME=`; null where the word is not there. */
const char *word(const char *name);
/* The same as a number; `usual` where it is not there. Ends the machine where it is none. */
uint64_t number_word(const char *name, uint64_t usual);
/* NAME=on or NAME=off. */
int switch_word(const char *name, int usual);

/* True where `text` starts with `start`; then `*rest` is what follows. */
int starts_with(const char *text, const char *start, const char **rest);
int same_text(const char *one, const char *other);
/* Reads digits and leaves `*text` behind them; false where there are none. */
int read_number(const char **text, uint64_t *number);

#endif
