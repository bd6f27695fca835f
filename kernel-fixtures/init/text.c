#include "text.h"

/* The compiler may call these two for copies and initialisers of its own. */
void *memcpy(void *to, const void *from, size_t length)
{
	char *t = to;
	const char *f = from;

	while (length--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t length)
{
	char *t = to;

	while (length--)
		*t++ = byte;
	return to;
}

size_t text_length(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int text_equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

const char *text_after(const char *text, const char *prefix)
{
	while (*prefix)
		if (*text++ != *prefix++)
			return NULL;
	return text;
}

char *environment_entry(char *const envp[], const char *name)
{
	for (; *envp; envp++) {
		const char *rest = text_after(*envp, name);

		if (rest && *rest == '=')
			return *envp;
	}
	return NULL;
}

const char *environment_value(char *const envp[], const char *name)
{
	const char *entry = environment_entry(envp, name);

	return entry ? entry + text_length(name) + 1 : NULL;
}

unsigned text_number(const char *text)
{
	unsigned number = 0;

	while (*text >= '0' && *text <= '9')
		number = number * 10 + (*text++ - '0');
	return number;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int text_decode(char *to, size_t capacity, const char *from, const char *end)
{
	size_t length = 0;

	while (from < end) {
		char c = *from++;

		if (c == '%' && end - from >= 2) {
			int high = hex_digit(from[0]);
			int low = hex_digit(from[1]);

			if (high >= 0 && low >= 0 && high + low > 0) {
				c = high << 4 | low;
				from += 2;
			}
		}
		if (length + 1 >= capacity)
			return -ENAMETOOLONG;
		to[length++] = c;
	}
	to[length] = 0;
	return length;
}

static const struct {
	int number;
	const char *text;
} error_names[] = {
	{ EPERM, "Operation not permitted" },
	{ ENOENT, "No such file or directory" },
	{ EIO, "Input/output error" },
	{ E2BIG, "Argument list too long" },
	{ ENOEXEC, "Exec format error" },
	{ EAGAIN, "Resource temporarily unavailable" },
	{ ENOMEM, "Cannot allocate memory" },
	{ EACCES, "Permission denied" },
	{ EBUSY, "Device or resource busy" },
	{ ENODEV, "No such device" },
	{ ENOTDIR, "Not a directory" },
	{ EISDIR, "Is a directory" },
	{ EINVAL, "Invalid argument" },
	{ ETXTBSY, "Text file busy" },
	{ ENOSPC, "No space left on device" },
	{ EROFS, "Read-only file system" },
	{ ENAMETOOLONG, "File name too long" },
	{ ENOTEMPTY, "Directory not empty" },
	{ ELOOP, "Too many levels of symbolic links" },
	{ EPROTO, "Protocol error" },
	{ EOPNOTSUPP, "Operation not supported" },
};

void line_text(struct line *line, const char *text)
{
	while (*text && line->length < sizeof(line->bytes) - 1)
		line->bytes[line->length++] = *text++;
}

void line_number(struct line *line, unsigned number)
{
	char digits[12];
	char *digit = digits + sizeof(digits) - 1;

	*digit = 0;
	do {
		*--digit = '0' + number % 10;
		number /= 10;
	} while (number);
	line_text(line, digit);
}

void line_error(struct line *line, int error)
{
	line_text(line, ": ");
	for (size_t i = 0; i < sizeof(error_names) / sizeof(error_names[0]); i++)
		if (error_names[i].number == -error) {
			line_text(line, error_names[i].text);
			line_text(line, " ");
		}
	line_text(line, "(errno ");
	line_number(line, -error);
	line_text(line, ")");
}

void line_write(struct line *line, int fd)
{
	line->bytes[line->length++] = '\n';
	sys_write(fd, line->bytes, line->length);
	line->length = 0;
}

void complain(const char *what, const char *subject, int error)
{
	struct line line = { .length = 0 };

	line_text(&line, "tsvmm-init: ");
	line_text(&line, what);
	if (subject) {
		line_text(&line, " ");
		line_text(&line, subject);
	}
	if (error)
		line_error(&line, error);
	line_write(&line, 2);
}
