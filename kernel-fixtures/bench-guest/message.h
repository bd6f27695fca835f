/* 9P2000.L messages as far as the measurements need them: little-endian, size[4] type[1] tag[2] and the fields. */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include <stdint.h>

enum {
	RLERROR = 7, TLOPEN = 12, TLCREATE = 14, TGETATTR = 24, TREADDIR = 40, TUNLINKAT = 76, TVERSION = 100, TATTACH = 104,
	TWALK = 110, TREAD = 116, TWRITE = 118, TCLUNK = 120,
	NO_TAG = 0xffff, HEADER = 7,
	/* Bytes before the data of an Rread or Rreaddir, and of a Twrite. */
	REPLY_BEFORE_DATA = HEADER + 4, WRITE_BEFORE_DATA = HEADER + 16,
	MESSAGE_ROOM = 256,
};

#define NO_FID 0xffffffffu

struct message {
	uint32_t length;
	uint8_t bytes[MESSAGE_ROOM];
};

void begin_message(struct message *message, int type, int tag);
void put_field(struct message *message, int width, uint64_t value);
void put_string(struct message *message, const char *text);
/* Fills in the size, `data` bytes that follow elsewhere included. */
void end_message(struct message *message, uint32_t data);
uint64_t get_field(const uint8_t *at, int width);
void set_field(uint8_t *at, int width, uint64_t value);

#endif
