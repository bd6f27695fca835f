/* 9P messages over a unix socket, as little as load.c needs. Everything is static: it is included once. */
#include "../bare/bare.h"

#include <sys/socket.h>

enum {
  TVERSION = 100, TATTACH = 104, TWALK = 110, TCLUNK = 120, TREAD = 116, TWRITE = 118, TGETATTR = 24, TLOPEN = 12,
  TREADDIR = 40, RLERROR = 7,
  ROOT = 1, FILE_FID = 2, SCRATCH_FID = 3, MANY_FID = 4, FIRST_FREE_FID = 100,
  MOST_DEPTH = 64, ENTRY_ROOM = 64 << 10,
};

static int server;
static clockid_t server_clock;
static uint32_t msize;
static uint8_t *in;
static size_t in_room, in_have, in_done;
/* Looks for replies again and again, as a busy guest does at its ring, instead of sleeping until one comes. */
static int polls;

/* --- Messages: little-endian, size[4] type[1] tag[2] and the fields. */

struct frame {
  uint8_t *bytes;
  uint32_t length;
};

static void put(struct frame *frame, int width, uint64_t value) {
  for (int i = 0; i < width; i++) frame->bytes[frame->length++] = (uint8_t)(value >> (8 * i));
}

static void put_string(struct frame *frame, const char *string) {
  size_t length = strlen(string);
  put(frame, 2, length);
  memcpy(frame->bytes + frame->length, string, length);
  frame->length += length;
}

static struct frame begin(int type, int tag, size_t room) {
  struct frame frame = {malloc(room + 64), 0};
  if (frame.bytes == NULL) fail("memory");
  put(&frame, 4, 0);
  put(&frame, 1, type);
  put(&frame, 2, tag);
  return frame;
}

static struct frame end(struct frame frame) {
  uint32_t length = frame.length;
  frame.length = 0;
  put(&frame, 4, length);
  frame.length = length;
  return frame;
}

static uint32_t get32(const uint8_t *at) { return at[0] | at[1] << 8 | at[2] << 16 | (uint32_t)at[3] << 24; }

static void send_all(const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t n = write(server, bytes, length);
    if (n < 0) fail("send");
    bytes += n;
    length -= n;
  }
}

static int has_reply(void) {
  size_t have = in_have - in_done;
  return have >= 7 && have >= get32(in + in_done);
}

/* The next reply, valid until the next call. */
static uint8_t *receive(void) {
  while (!has_reply()) {
    if (in_done > 0) {
      memmove(in, in + in_done, in_have - in_done);
      in_have -= in_done;
      in_done = 0;
    }
    ssize_t n;
    do n = recv(server, in + in_have, in_room - in_have, polls ? MSG_DONTWAIT : 0);
    while (n < 0 && polls && errno == EAGAIN);
    if (n <= 0) fail("the server hung up");
    in_have += n;
  }
  uint8_t *reply = in + in_done;
  in_done += get32(reply);
  return reply;
}

static uint8_t *call(struct frame frame) {
  send_all(frame.bytes, frame.length);
  uint8_t *reply = receive();
  if (reply[4] != frame.bytes[4] + 1) {
    errno = reply[4] == RLERROR ? (int)get32(reply + 7) : EPROTO;
    fprintf(stderr, "load: type %d answered by %d\n", frame.bytes[4], reply[4]);
    fail("request");
  }
  free(frame.bytes);
  return reply;
}

static struct frame walk(int tag, uint32_t fid, uint32_t newfid, const char *name) {
  struct frame frame = begin(TWALK, tag, 300);
  put(&frame, 4, fid);
  put(&frame, 4, newfid);
  put(&frame, 2, 1);
  put_string(&frame, name);
  return end(frame);
}

static struct frame with_fid(int type, int tag, uint32_t fid) {
  struct frame frame = begin(type, tag, 0);
  put(&frame, 4, fid);
  return frame;
}

static void greet(const char *aname) {
  struct frame version = begin(TVERSION, 0xffff, 64);
  put(&version, 4, msize);
  put_string(&version, "9P2000.L");
  uint8_t *agreed = call(end(version));
  msize = get32(agreed + 7);
  struct frame attach = with_fid(TATTACH, 0, ROOT);
  attach.bytes = realloc(attach.bytes, 8192);
  put(&attach, 4, ~0u);
  put_string(&attach, "");
  put_string(&attach, aname);
  put(&attach, 4, getuid());
  call(end(attach));
}

static void open_fid(uint32_t fid, const char *name, int flags) {
  call(walk(0, ROOT, fid, name));
  struct frame open = with_fid(TLOPEN, 0, fid);
  put(&open, 4, flags);
  call(end(open));
}
