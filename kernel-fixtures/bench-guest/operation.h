/* What is measured: requests that a lane sends one after the other, again and again. */
#ifndef BENCH_OPERATION_H
#define BENCH_OPERATION_H

#include "session.h"

enum { MOST_STEPS = 5, DONE = -1, FILE_BYTES = 16 << 20 };

/* One of the DEPTH that are at it at a time. */
struct lane {
	int number, step;
	uint64_t since;
	struct request requests[MOST_STEPS];
	uint8_t *reply, *payload;
	/* Counted by a listing, which begins anew each time. */
	uint64_t entries;
};

struct operation {
	const char *name;
	/* Requests of one; without any, it is to do nothing for as long as it is measured. */
	int steps;
	/* Bytes of payload that are asked for, as far as msize allows. */
	uint32_t bytes;
	/* Of silence before each. */
	uint32_t idle_us;
	/* Opens what the operation works on; `argument` is what stood behind the name. */
	void (*open)(struct session *session, const char *argument);
	void (*close)(struct session *session);
	/* Makes a lane's requests; `count` is the bytes of payload. */
	void (*prepare)(struct lane *lane, uint32_t count);
	/* Before the first step of the `round`th operation. */
	void (*begin)(struct lane *lane, uint64_t round);
	/* After the reply to the lane's step: the next one, or DONE. Null: as they are numbered. */
	int (*next)(struct lane *lane);
};

/* The operation that `name`, up to a colon, a comma or its end, is; null where there is none. `*rest` is what follows. */
const struct operation *find_operation(const char *name, const char **rest);

#endif
