#include "words.h"
#include "layout.h"
#include "report.h"

#include <stddef.h>

/* Each word ended by 0, the last one by two. */
static char words[CMDLINE_SIZE + 2];

void read_words(const char *line)
{
	for (int i = 0; i < CMDLINE_SIZE && line[i] != '\0'; i++)
		words[i] = line[i] == ' ' ? '\0' : line[i];
}

int starts_with(const char *text, const char *start, const char **rest)
{
	while (*start != '\0')
		if (*text++ != *start++)
			return 0;
	*rest = text;
	return 1;
}

int same_text(const char *one, const char *other)
{
	const char *rest;

	return starts_with(one, other, &rest) && *rest == '\0';
}

const char *word(const char *name)
{
	const char *found = NULL, *value;

	for (int i = 0; i < CMDLINE_SIZE; i++) {
		int begins = words[i] != '\0' && (i == 0 || words[i - 1] == '\0');
		if (begins && starts_with(&words[i], name, &value) && *value == '=')
			found = value + 1;
	}
	return found;
}

int read_number(const char **text, uint64_t *number)
{
	const char *start = *text;

	*number = 0;
	for (; **text >= '0' && **text <= '9'; ++*text)
		*number = *number * 10 + (uint64_t)(**text - '0');
	return *text != start;
}

static _Noreturn void refuse(const char *name, const char *value)
{
	put_text("the word ");
	put_text(name);
	put_text("=");
	put_text(value);
	put_text(":\n");
	fail("a word with a value that it cannot have", 0);
}

uint64_t number_word(const char *name, uint64_t usual)
{
	const char *value = word(name), *rest = value;
	uint64_t number;

	if (value == NULL)
		return usual;
	if (!read_number(&rest, &number) || *rest != '\0')
		refuse(name, value);
	return number;
}

int switch_word(const char *name, int usual)
{
	const char *value = word(name);

	if (value == NULL)
		return usual;
	if (!same_text(value, "on") && !same_text(value, "off"))
		refuse(name, value);
	return same_text(value, "on");
}
