#include "bench.h"
#include "clock.h"
#include "device.h"
#include "measure.h"
#include "report.h"
#include "words.h"

static struct device devices[MOST_DEVICES];

/* The device with the wanted mount tag; the first one where none is wanted. */
static struct device *chosen_device(int count)
{
	const char *tag = word("tag"), *rest;

	if (tag == (void *)0 && count > 0)
		return &devices[0];
	for (int i = 0; i < count; i++) {
		devices[i].tag[devices[i].tag_length < MOST_TAG ? devices[i].tag_length : MOST_TAG - 1] = '\0';
		if (starts_with(devices[i].tag, tag, &rest) && *rest == '\0')
			return &devices[i];
	}
	fail("no virtio-9p device, or none with that tag, among", (uint64_t)count);
}

static void introduce(const struct session *session, int count)
{
	const struct device *device = session->device;

	begin_object();
	put_text_member("guest", "tsvmm bench guest 1", 19);
	put_text_member("tag", device->tag, device->tag_length);
	put_member("devices", (uint64_t)count);
	put_member("queueSize", device->ring.size);
	put_hex_member("features", device->features);
	put_member("msize", session->msize);
	put_member("ticksPerMs", ticks_per_ms());
	end_object();
}

void bench(const char *line)
{
	static struct session sessions[MOST_DEVICES];
	struct session *session = &sessions[0];
	struct measurement measurement;

	read_words(line);
	measure_clock();
	const char *list = word("ops");
	if (list == (void *)0)
		fail("no word ops=OPERATION[:DEPTH][,...] on the command line", 0);
	struct wishes wishes = {switch_word("event-idx", 1), switch_word("indirect", 1)};
	struct course course = {
		.warm_ms = number_word("warm", 100),
		.ms = number_word("ms", 500),
		.least = number_word("least", 3),
		.asks = switch_word("ask", 0),
	};
	uint32_t segment = (uint32_t)number_word("segment", 0);
	int count = start_devices(devices, wishes);
	struct device *chosen = chosen_device(count);
	for (int i = 0; i < count; i++) {
		open_session(&sessions[i], &devices[i], segment);
		if (&devices[i] == chosen)
			session = &sessions[i];
	}
	hold_fids(session, number_word("fids", 0));
	introduce(session, count);
	while (next_measurement(&list, &measurement))
		measure(session, &measurement, &course);
	put_text("{\"end\":true}\n");
}
