#include "session.h"
#include "memory.h"
#include "report.h"

static uint8_t call_reply[REPLY_ROOM] BUFFER;
static struct request call_request BUFFER;

/* Appends the parts of a payload; returns how many parts there are then. */
static int add_payload(const struct session *session, struct part *parts, int count, const uint8_t *at, uint32_t length,
		       int device_writes)
{
	uint32_t most = session->segment == 0 ? length : session->segment;

	for (uint32_t done = 0; done < length; done += most) {
		if (count == MOST_QUEUE_SIZE)
			fail("a payload of too many segments", length);
		uint32_t rest = length - done;
		parts[count++] = (struct part){at + done, rest < most ? rest : most, device_writes};
	}
	return count;
}

/* Laid out as Linux does it: payloads in parts of their own, and before one in a reply just the room its fields take. */
void send_request(struct session *session, int place, const struct request *request, uint8_t *reply)
{
	struct part parts[MOST_QUEUE_SIZE];
	int count = 0;

	parts[count++] = (struct part){request->message.bytes, request->message.length, 0};
	count = add_payload(session, parts, count, request->out, request->out_length, 0);
	parts[count++] = (struct part){reply, request->in_length > 0 ? REPLY_BEFORE_DATA : REPLY_ROOM, 1};
	count = add_payload(session, parts, count, request->in, request->in_length, 1);
	offer(&session->device->ring, place, parts, count);
}

void check_reply(const struct message *message, const uint8_t *reply, uint32_t length)
{
	if (length < HEADER || get_field(reply, 4) != length)
		fail("a reply whose size is not that of the used buffer", length);
	if (reply[4] == message->bytes[4] + 1)
		return;
	put_text("message type ");
	put_number(message->bytes[4]);
	put_text(":\n");
	if (reply[4] == RLERROR)
		fail("Rlerror", get_field(reply + HEADER, 4));
	fail("a reply of another type", reply[4]);
}

const uint8_t *call(struct session *session, struct message *message)
{
	uint32_t length;

	call_request = (struct request){.message = *message};
	send_request(session, 0, &call_request, call_reply);
	publish(&session->device->ring);
	collect(&session->device->ring, &length);
	check_reply(message, call_reply, length);
	return call_reply;
}

void begin_on_fid(struct message *message, int type, int tag, uint32_t fid)
{
	begin_message(message, type, tag);
	put_field(message, 4, fid);
}

void make_walk(struct message *message, int tag, uint32_t fid, uint32_t new_fid, const char *name)
{
	begin_on_fid(message, TWALK, tag, fid);
	put_field(message, 4, new_fid);
	put_field(message, 2, name == NULL ? 0 : 1);
	if (name != NULL)
		put_string(message, name);
	end_message(message, 0);
}

void open_session(struct session *session, struct device *device, uint32_t segment)
{
	struct message message;

	*session = (struct session){.device = device, .segment = segment};
	begin_message(&message, TVERSION, NO_TAG);
	put_field(&message, 4, ASKED_MSIZE);
	put_string(&message, "9P2000.L");
	end_message(&message, 0);
	session->msize = (uint32_t)get_field(call(session, &message) + HEADER, 4);
	if (session->msize < 4096)
		fail("an msize too small", session->msize);
	begin_on_fid(&message, TATTACH, 0, ROOT);
	put_field(&message, 4, NO_FID);
	put_string(&message, "");
	put_string(&message, "");
	put_field(&message, 4, 0);
	end_message(&message, 0);
	call(session, &message);
}

void open_fid(struct session *session, uint32_t fid, const char *name, uint32_t flags)
{
	struct message message;

	make_walk(&message, 0, ROOT, fid, name);
	call(session, &message);
	begin_on_fid(&message, TLOPEN, 0, fid);
	put_field(&message, 4, flags);
	end_message(&message, 0);
	call(session, &message);
}

void clunk(struct session *session, uint32_t fid)
{
	struct message message;

	begin_on_fid(&message, TCLUNK, 0, fid);
	end_message(&message, 0);
	call(session, &message);
}

void hold_fids(struct session *session, uint64_t count)
{
	struct message message;

	for (uint64_t i = 0; i < count; i++) {
		make_walk(&message, 0, ROOT, FIRST_SPARE_FID + (uint32_t)i, NULL);
		call(session, &message);
	}
}
