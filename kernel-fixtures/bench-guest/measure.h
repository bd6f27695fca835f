/* One operation, done for a while at one depth, and its report. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "operation.h"

/* What is to be measured. `text` is an operation and, behind a colon, a depth, up to a comma or the end. */
struct measurement {
	const char *text;
	int length, depth;
	const struct operation *operation;
	/* What follows the operation's fixed name. */
	const char *argument;
};

/* How long, and how often at least, and whether the host is asked to look before and after. */
struct course {
	uint64_t warm_ms, ms, least;
	int asks;
};

/* Takes the next one off a list with commas; false at its end. Ends the machine where it is none. */
int next_measurement(const char **list, struct measurement *measurement);
void measure(struct session *session, const struct measurement *measurement, const struct course *course);

#endif
