#include "operation.h"
#include "report.h"
#include "words.h"

#define ALL_ATTRIBUTES 0x7ffull
/* Where the offset stands in Tread, Twrite and Treaddir. */
#define OFFSET_FIELD (HEADER + 4)

enum { SMALL_FILE_BYTES = 4096, FILE_MODE = 0644, NAME_ROOM = 32 };

static void open_file(struct session *session, const char *argument)
{
	(void)argument;
	open_fid(session, FILE_FID, "file", O_RDONLY);
}

static void close_file(struct session *session) { clunk(session, FILE_FID); }

static void open_scratch(struct session *session, const char *argument)
{
	(void)argument;
	open_fid(session, SCRATCH_FID, "scratch", O_WRONLY);
}

static void close_scratch(struct session *session) { clunk(session, SCRATCH_FID); }

/* The directory of N entries is called many-N. */
static void open_many(struct session *session, const char *argument)
{
	char name[NAME_ROOM] = "many-";

	for (int i = 5; i < NAME_ROOM - 1 && *argument >= '0' && *argument <= '9'; i++)
		name[i] = *argument++;
	open_fid(session, MANY_FID, name, O_RDONLY | O_DIRECTORY);
}

static void close_many(struct session *session) { clunk(session, MANY_FID); }

static void prepare_getattr(struct lane *lane, uint32_t count)
{
	struct message *message = &lane->requests[0].message;

	(void)count;
	begin_on_fid(message, TGETATTR, lane->number, FILE_FID);
	put_field(message, 8, ALL_ATTRIBUTES);
	end_message(message, 0);
}

static void prepare_walk_clunk(struct lane *lane, uint32_t count)
{
	uint32_t fid = FIRST_LANE_FID + (uint32_t)lane->number;

	(void)count;
	make_walk(&lane->requests[0].message, lane->number, ROOT, fid, "file");
	begin_on_fid(&lane->requests[1].message, TCLUNK, lane->number, fid);
	end_message(&lane->requests[1].message, 0);
}

static void prepare_into_payload(struct lane *lane, int type, uint32_t fid, uint32_t count)
{
	struct request *request = &lane->requests[0];

	begin_on_fid(&request->message, type, lane->number, fid);
	put_field(&request->message, 8, 0);
	put_field(&request->message, 4, count);
	end_message(&request->message, 0);
	request->in = lane->payload;
	request->in_length = count;
}

static void prepare_read(struct lane *lane, uint32_t count) { prepare_into_payload(lane, TREAD, FILE_FID, count); }
static void prepare_list(struct lane *lane, uint32_t count) { prepare_into_payload(lane, TREADDIR, MANY_FID, count); }

static void make_write(struct request *request, struct lane *lane, uint32_t fid, uint32_t count)
{
	begin_on_fid(&request->message, TWRITE, lane->number, fid);
	put_field(&request->message, 8, 0);
	put_field(&request->message, 4, count);
	end_message(&request->message, count);
	request->out = lane->payload;
	request->out_length = count;
}

static void prepare_write(struct lane *lane, uint32_t count) { make_write(&lane->requests[0], lane, SCRATCH_FID, count); }

/* Goes round in the file, as the bare system calls do. */
static void move_on(struct lane *lane, uint64_t round)
{
	set_field(lane->requests[0].message.bytes + OFFSET_FIELD, 8, round * LARGE % FILE_BYTES);
}

static int next_after_read(struct lane *lane)
{
	uint64_t got = get_field(lane->reply + HEADER, 4);

	if (got != lane->requests[0].in_length)
		fail("a short read of bytes", got);
	return DONE;
}

static int next_after_write(struct lane *lane)
{
	uint64_t took = get_field(lane->reply + HEADER, 4);

	if (took != lane->requests[0].out_length)
		fail("a short write of bytes", took);
	return DONE;
}

static void begin_list(struct lane *lane, uint64_t round)
{
	(void)round;
	lane->entries = 0;
	set_field(lane->requests[0].message.bytes + OFFSET_FIELD, 8, 0);
}

/* Entries are qid[13] offset[8] type[1] name[s]. */
static int next_of_list(struct lane *lane)
{
	const uint8_t *at = lane->payload, *end = at + get_field(lane->reply + HEADER, 4);
	uint64_t offset = 0;

	if (at == end)
		return DONE;
	if (end > at + lane->requests[0].in_length)
		fail("more entries than were asked for, in bytes", (uint64_t)(end - at));
	for (; at < end; lane->entries++) {
		offset = get_field(at + 13, 8);
		at += 24 + get_field(at + 22, 2);
	}
	set_field(lane->requests[0].message.bytes + OFFSET_FIELD, 8, offset);
	return 0;
}

/* As v9fs does it, without its lookups: a clone of the directory's fid, created in it, written, given back, removed. */
static void prepare_small_file(struct lane *lane, uint32_t count)
{
	char name[] = "small-00";
	uint32_t fid = FIRST_LANE_FID + (uint32_t)lane->number;
	struct request *requests = lane->requests;

	name[6] = (char)('0' + lane->number / 10);
	name[7] = (char)('0' + lane->number % 10);
	make_walk(&requests[0].message, lane->number, ROOT, fid, (const char *)0);
	begin_on_fid(&requests[1].message, TLCREATE, lane->number, fid);
	put_string(&requests[1].message, name);
	put_field(&requests[1].message, 4, O_WRONLY | O_CREAT | O_EXCL);
	put_field(&requests[1].message, 4, FILE_MODE);
	put_field(&requests[1].message, 4, 0);
	end_message(&requests[1].message, 0);
	make_write(&requests[2], lane, fid, count);
	begin_on_fid(&requests[3].message, TCLUNK, lane->number, fid);
	end_message(&requests[3].message, 0);
	begin_on_fid(&requests[4].message, TUNLINKAT, lane->number, ROOT);
	put_string(&requests[4].message, name);
	put_field(&requests[4].message, 4, 0);
	end_message(&requests[4].message, 0);
}

/* A name that ends in a hyphen is followed by a number. */
static const struct operation OPERATIONS[] = {
	{"getattr", 1, 0, 0, open_file, close_file, prepare_getattr, 0, 0},
	{"getattr-idle", 1, 0, 2000, open_file, close_file, prepare_getattr, 0, 0},
	{"walk-clunk", 2, 0, 0, 0, 0, prepare_walk_clunk, 0, 0},
	{"read-4k", 1, 4096, 0, open_file, close_file, prepare_read, move_on, next_after_read},
	{"read-512k", 1, LARGE, 0, open_file, close_file, prepare_read, move_on, next_after_read},
	{"write-512k", 1, LARGE, 0, open_scratch, close_scratch, prepare_write, move_on, next_after_write},
	{"readdir-", 1, LARGE, 0, open_many, close_many, prepare_list, begin_list, next_of_list},
	{"small-file", 5, SMALL_FILE_BYTES, 0, 0, 0, prepare_small_file, 0, 0},
	{"silence", 0, 0, 0, 0, 0, 0, 0, 0},
};

const struct operation *find_operation(const char *name, const char **rest)
{
	for (unsigned i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
		const struct operation *operation = &OPERATIONS[i];
		uint64_t number;
		if (!starts_with(name, operation->name, rest))
			continue;
		if ((*rest)[-1] == '-' && !read_number(rest, &number))
			continue;
		if (**rest == '\0' || **rest == ',' || **rest == ':')
			return operation;
	}
	return (const struct operation *)0;
}
