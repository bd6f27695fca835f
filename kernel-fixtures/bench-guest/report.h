/* What is said: lines of JSON, and a question now and then. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdint.h>

void put_text(const char *text);
void put_number(uint64_t value);
void put_hex(uint64_t value);

/* Members of an object: `"name":value`, a comma before all but the first. */
void begin_object(void);
void put_member(const char *name, uint64_t value);
void put_text_member(const char *name, const char *text, int length);
void put_hex_member(const char *name, uint64_t value);
void end_object(void);

/* Writes `?` and a line feed, and waits until a byte arrives. */
void ask(void);

/* Writes {"error": what, "detail": number} and ends the machine. */
_Noreturn void fail(const char *what, uint64_t detail);

#endif
