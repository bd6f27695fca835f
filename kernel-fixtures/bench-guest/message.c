#include "message.h"
#include "report.h"

void set_field(uint8_t *at, int width, uint64_t value)
{
	for (int i = 0; i < width; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

uint64_t get_field(const uint8_t *at, int width)
{
	uint64_t value = 0;

	for (int i = 0; i < width; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

void put_field(struct message *message, int width, uint64_t value)
{
	if (message->length + (uint32_t)width > MESSAGE_ROOM)
		fail("a message longer than", MESSAGE_ROOM);
	set_field(message->bytes + message->length, width, value);
	message->length += (uint32_t)width;
}

void put_string(struct message *message, const char *text)
{
	uint32_t length = 0;

	while (text[length] != '\0')
		length++;
	put_field(message, 2, length);
	for (uint32_t i = 0; i < length; i++)
		put_field(message, 1, (uint8_t)text[i]);
}

void begin_message(struct message *message, int type, int tag)
{
	message->length = 0;
	put_field(message, 4, 0);
	put_field(message, 1, (uint64_t)type);
	put_field(message, 2, (uint64_t)tag);
}

void end_message(struct message *message, uint32_t data)
{
	set_field(message->bytes, 4, message->length + data);
}
