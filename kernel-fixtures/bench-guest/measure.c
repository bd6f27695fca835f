#include "measure.h"
#include "clock.h"
#include "cpu.h"
#include "histogram.h"
#include "memory.h"
#include "report.h"
#include "words.h"

static uint8_t replies[MOST_DEPTH][REPLY_ROOM] BUFFER;
static uint8_t payloads[MOST_DEPTH][LARGE] BUFFER;
static struct lane lanes[MOST_DEPTH] BUFFER;

/* What came out of one stretch of work. */
struct outcome {
	uint64_t done, elapsed, kicks, entries;
};

int next_measurement(const char **list, struct measurement *measurement)
{
	const char *rest;
	uint64_t depth = 1;

	if (**list == '\0')
		return 0;
	*measurement = (struct measurement){.text = *list, .operation = find_operation(*list, &rest)};
	int known = measurement->operation != (void *)0;
	if (known && *rest == ':') {
		rest++;
		known = read_number(&rest, &depth);
	}
	if (!known || (*rest != '\0' && *rest != ',') || depth < 1 || depth > MOST_DEPTH) {
		put_text(*list);
		put_text(":\n");
		fail("no operation, or no depth it can have, the most being", MOST_DEPTH);
	}
	starts_with(*list, measurement->operation->name, &measurement->argument);
	measurement->length = (int)(rest - *list);
	measurement->depth = (int)depth;
	*list = *rest == ',' ? rest + 1 : rest;
	return 1;
}

/* As many bytes as a message, and the chain of its segments, can carry. */
static uint32_t payload_bytes(const struct session *session, uint32_t wanted)
{
	uint64_t most = session->msize - MESSAGE_OVERHEAD;
	/* Linux keeps three descriptors for what is not payload. */
	uint64_t chain = session->segment == 0 ? most : (uint64_t)session->segment * (session->device->ring.size - 3u);

	most = most < chain ? most : chain;
	return wanted < most ? wanted : (uint32_t)most;
}

static void send_step(struct session *session, struct lane *lane)
{
	send_request(session, lane->number, &lane->requests[lane->step], lane->reply);
}

static void begin(struct session *session, const struct operation *operation, struct lane *lane, uint64_t round)
{
	if (operation->idle_us > 0)
		wait_us(operation->idle_us);
	lane->step = 0;
	if (operation->begin != (void *)0)
		operation->begin(lane, round);
	lane->since = ticks();
	send_step(session, lane);
}

static int next_step(const struct operation *operation, struct lane *lane)
{
	if (operation->next != (void *)0)
		return operation->next(lane);
	return lane->step + 1 < operation->steps ? lane->step + 1 : DONE;
}

/* Every lane begins anew as soon as its operation is done; what is due at the same time is announced together. */
static struct outcome work(struct session *session, const struct measurement *measurement, uint64_t ms, uint64_t least)
{
	const struct operation *operation = measurement->operation;
	struct ring *ring = &session->device->ring;
	struct outcome outcome = {0};
	uint64_t start = ticks(), most = ms * ticks_per_ms(), kicks = ring->kicks, round = 0, busy = 0, end = start;
	int under_way = measurement->depth, stopping = 0;

	if (operation->steps == 0) {
		wait_us(ms * 1000);
		return (struct outcome){.done = 1, .elapsed = ticks() - start};
	}
	for (int i = 0; i < measurement->depth; i++)
		begin(session, operation, &lanes[i], round++);
	publish(ring);
	while (under_way > 0) {
		do {
			uint32_t length;
			struct lane *lane = &lanes[collect(ring, &length)];
			check_reply(&lane->requests[lane->step].message, lane->reply, length);
			int step = next_step(operation, lane);
			if (step != DONE) {
				lane->step = step;
				send_step(session, lane);
				continue;
			}
			end = ticks();
			busy += end - lane->since;
			add_to_histogram(end - lane->since);
			outcome.done++;
			outcome.entries = lane->entries;
			stopping = stopping || (end - start >= most && outcome.done >= least);
			if (stopping)
				under_way--;
			else
				begin(session, operation, lane, round++);
		} while (under_way > 0 && has_used(ring));
		publish(ring);
	}
	/* Silence is not work. */
	outcome.elapsed = operation->idle_us > 0 ? busy : end - start;
	outcome.kicks = ring->kicks - kicks;
	return outcome;
}

static void report(const struct session *session, const struct measurement *measurement, struct outcome outcome)
{
	begin_object();
	put_text_member("measurement", measurement->text, measurement->length);
	put_member("depth", (uint64_t)measurement->depth);
	put_member("done", outcome.done);
	put_member("ns", ns_of(outcome.elapsed));
	put_member("leastNs", ns_of(quantile(0, 1)));
	put_member("medianNs", ns_of(quantile(1, 2)));
	put_member("p99Ns", ns_of(quantile(99, 100)));
	put_member("kicks", outcome.kicks);
	put_member("bytes", payload_bytes(session, measurement->operation->bytes));
	put_member("entries", outcome.entries);
	end_object();
}

void measure(struct session *session, const struct measurement *measurement, const struct course *course)
{
	const struct operation *operation = measurement->operation;
	uint32_t count = payload_bytes(session, operation->bytes);

	if (measurement->depth * PLACE > session->device->ring.size)
		fail("a depth too large for a queue of", session->device->ring.size);
	if (operation->open != (void *)0)
		operation->open(session, measurement->argument);
	for (int i = 0; i < measurement->depth; i++) {
		memset(&lanes[i], 0, sizeof lanes[i]);
		lanes[i].number = i;
		lanes[i].reply = replies[i];
		lanes[i].payload = payloads[i];
		if (operation->steps > 0)
			operation->prepare(&lanes[i], count);
	}
	/* A device may have to load or compile what it has not done before. */
	work(session, measurement, course->warm_ms, 1);
	clear_histogram();
	if (course->asks)
		ask();
	struct outcome outcome = work(session, measurement, course->ms, course->least);
	if (course->asks)
		ask();
	report(session, measurement, outcome);
	if (operation->close != (void *)0)
		operation->close(session);
}
