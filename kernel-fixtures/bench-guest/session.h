/* A 9P session with one device. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "device.h"
#include "message.h"

#include <stddef.h>

enum {
	LARGE = 512 << 10,
	/* What is asked for, and what more than the data of the largest message it leaves room for. */
	ASKED_MSIZE = LARGE + 4096, MESSAGE_OVERHEAD = 24,
	REPLY_ROOM = 4096,
	ROOT = 1, FILE_FID = 2, SCRATCH_FID = 3, MANY_FID = 4, FIRST_LANE_FID = 100, FIRST_SPARE_FID = 1000,
	O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0x40, O_EXCL = 0x80, O_DIRECTORY = 0x10000,
};

struct session {
	struct device *device;
	uint32_t msize;
	/* Bytes in one descriptor of a payload; 0: as many as there are. */
	uint32_t segment;
};

/* A request with its payload, if it has one, and where the reply goes. */
struct request {
	struct message message;
	const uint8_t *out;
	uint32_t out_length;
	uint8_t *in;
	uint32_t in_length;
};

/* Puts a request into the ring at a place, the head of the reply going to `reply`. */
void send_request(struct session *session, int place, const struct request *request, uint8_t *reply);
/* Ends the machine where the reply is not the one to this message. */
void check_reply(const struct message *message, const uint8_t *reply, uint32_t length);
/* Sends a message alone and gives the reply, valid until the next call. */
const uint8_t *call(struct session *session, struct message *message);

/* Version and attach. */
void open_session(struct session *session, struct device *device, uint32_t segment);
void open_fid(struct session *session, uint32_t fid, const char *name, uint32_t flags);
void clunk(struct session *session, uint32_t fid);
/* Makes `count` more fids of the root, from FIRST_SPARE_FID on. */
void hold_fids(struct session *session, uint64_t count);
/* Messages on one fid, and a walk by one name, or by none where it is null. */
void begin_on_fid(struct message *message, int type, int tag, uint32_t fid);
void make_walk(struct message *message, int tag, uint32_t fid, uint32_t new_fid, const char *name);

#endif
