#include "device.h"
#include "bus.h"
#include "clock.h"
#include "memory.h"
#include "report.h"

/* virtio 1.2, 4.1.2 PCI Device Discovery; 4.1.4 Virtio Structure PCI Capabilities; 4.1.4.3 Common configuration structure layout */
enum {
	TRANSITIONAL_9P = 0x1009, MODERN_9P = 0x1049,
	FUNCTIONS = 8, HEADER_TYPE = 0x0e, MULTIFUNCTION = 0x80,
	VENDOR_CAPABILITY = 0x09, CFG_TYPE = 3, BAR = 4, OFFSET = 8, NOTIFY_MULTIPLIER = 16,
	COMMON_CFG = 1, NOTIFY_CFG = 2, DEVICE_CFG = 4,

	DEVICE_FEATURE_SELECT = 0x00, DEVICE_FEATURE = 0x04, DRIVER_FEATURE_SELECT = 0x08, DRIVER_FEATURE = 0x0c,
	DEVICE_STATUS = 0x14, QUEUE_SELECT = 0x16, QUEUE_SIZE = 0x18, QUEUE_ENABLE = 0x1c, QUEUE_NOTIFY_OFF = 0x1e,
	QUEUE_DESC = 0x20, QUEUE_DRIVER = 0x28, QUEUE_DEVICE = 0x30,

	ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8,
	NO_INTERRUPT = 1, RESET_MS = 5000,
};

#define MOUNT_TAG (1ull << 0)
#define INDIRECT_DESC (1ull << 28)
#define EVENT_IDX (1ull << 29)
#define VERSION_1 (1ull << 32)

static struct ring_memory rings[MOST_DEVICES] BUFFER;

static void write_common8(struct device *device, int at, uint8_t value) { write_register8(device->common + (uint64_t)at, value); }
static void write_common16(struct device *device, int at, uint16_t value) { write_register16(device->common + (uint64_t)at, value); }
static void write_common32(struct device *device, int at, uint32_t value) { write_register32(device->common + (uint64_t)at, value); }
static uint8_t read_common8(struct device *device, int at) { return read_register8(device->common + (uint64_t)at); }
static uint16_t read_common16(struct device *device, int at) { return read_register16(device->common + (uint64_t)at); }
static uint32_t read_common32(struct device *device, int at) { return read_register32(device->common + (uint64_t)at); }

static void write_common64(struct device *device, int at, uint64_t value)
{
	write_common32(device, at, (uint32_t)value);
	write_common32(device, at + 4, (uint32_t)(value >> 32));
}

/* The structure of a type, and where its capability is. */
static uint64_t structure(struct function function, int type, int *capability)
{
	for (int at = next_capability(function, VENDOR_CAPABILITY, 0); at != 0;
	     at = next_capability(function, VENDOR_CAPABILITY, at)) {
		if ((int)read_config_part(function, at + CFG_TYPE, 1) != type)
			continue;
		uint64_t base = bar_address(function, (int)read_config_part(function, at + BAR, 1));
		*capability = at;
		if (base == 0)
			fail("a BAR that nobody has placed, of the device in slot", (uint64_t)function.slot);
		if (!reach_registers(base))
			fail("a BAR beyond what can be mapped", base);
		return base + read_config(function, at + OFFSET);
	}
	fail("no virtio 1.x interface in slot", (uint64_t)function.slot);
}

static void reset(struct device *device)
{
	write_common8(device, DEVICE_STATUS, 0);
	for (int waited = 0; read_common8(device, DEVICE_STATUS) != 0; waited++) {
		if (waited == RESET_MS)
			fail("a device that does not end its reset, in slot", (uint64_t)device->function.slot);
		wait_us(1000);
	}
}

static uint64_t offered_features(struct device *device)
{
	write_common32(device, DEVICE_FEATURE_SELECT, 0);
	uint64_t low = read_common32(device, DEVICE_FEATURE);
	write_common32(device, DEVICE_FEATURE_SELECT, 1);
	return (uint64_t)read_common32(device, DEVICE_FEATURE) << 32 | low;
}

static void agree(struct device *device, struct wishes wishes)
{
	uint64_t wanted = MOUNT_TAG | VERSION_1 | (wishes.event_idx ? EVENT_IDX : 0) | (wishes.indirect ? INDIRECT_DESC : 0);

	device->features = offered_features(device) & wanted;
	write_common32(device, DRIVER_FEATURE_SELECT, 0);
	write_common32(device, DRIVER_FEATURE, (uint32_t)device->features);
	write_common32(device, DRIVER_FEATURE_SELECT, 1);
	write_common32(device, DRIVER_FEATURE, (uint32_t)(device->features >> 32));
	write_common8(device, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	if ((read_common8(device, DEVICE_STATUS) & FEATURES_OK) == 0)
		fail("features refused by the device in slot", (uint64_t)device->function.slot);
}

static void start_queue(struct device *device, struct ring_memory *memory, uint64_t notify, uint32_t multiplier)
{
	struct ring *ring = &device->ring;

	write_common16(device, QUEUE_SELECT, 0);
	uint16_t size = read_common16(device, QUEUE_SIZE);
	if (size > MOST_QUEUE_SIZE) {
		size = MOST_QUEUE_SIZE;
		write_common16(device, QUEUE_SIZE, size);
	}
	memset(memory, 0, sizeof *memory);
	/* Nothing here could take an interrupt; with EVENT_IDX, used_event stays behind instead. */
	memory->available.flags = NO_INTERRUPT;
	*ring = (struct ring){
		.memory = memory,
		.bell = notify + read_common16(device, QUEUE_NOTIFY_OFF) * (uint64_t)multiplier,
		.size = size,
		.event_idx = (device->features & EVENT_IDX) != 0,
		.indirect = (device->features & INDIRECT_DESC) != 0,
	};
	write_common64(device, QUEUE_DESC, (uintptr_t)memory->descriptors);
	write_common64(device, QUEUE_DRIVER, (uintptr_t)&memory->available);
	write_common64(device, QUEUE_DEVICE, (uintptr_t)&memory->used);
	write_common16(device, QUEUE_ENABLE, 1);
}

static void read_tag(struct device *device)
{
	int length = read_register16(device->config);

	device->tag_length = length < MOST_TAG ? length : MOST_TAG;
	for (int i = 0; i < device->tag_length; i++)
		device->tag[i] = (char)read_register8(device->config + 2u + (uint64_t)i);
}

/* virtio 1.2, 3.1.1 Driver Requirements: Device Initialization */
static void start_device(struct device *device, struct function function, struct ring_memory *memory, struct wishes wishes)
{
	int capability;

	device->function = function;
	enable_function(function);
	device->common = structure(function, COMMON_CFG, &capability);
	device->config = structure(function, DEVICE_CFG, &capability);
	uint64_t notify = structure(function, NOTIFY_CFG, &capability);
	uint32_t multiplier = read_config(function, capability + NOTIFY_MULTIPLIER);

	reset(device);
	write_common8(device, DEVICE_STATUS, ACKNOWLEDGE);
	write_common8(device, DEVICE_STATUS, ACKNOWLEDGE | DRIVER);
	agree(device, wishes);
	start_queue(device, memory, notify, multiplier);
	write_common8(device, DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
	read_tag(device);
}

int start_devices(struct device *devices, struct wishes wishes)
{
	int found = 0;

	for (int slot = 0; slot < SLOTS; slot++) {
		int multifunction = (read_config_part((struct function){slot, 0}, HEADER_TYPE, 1) & MULTIFUNCTION) != 0;
		for (int number = 0; number < (multifunction ? FUNCTIONS : 1); number++) {
			struct function function = {slot, number};
			uint32_t id = read_config(function, 0);
			if ((id & 0xffff) != VIRTIO_VENDOR || (id >> 16 != TRANSITIONAL_9P && id >> 16 != MODERN_9P))
				continue;
			if (found == MOST_DEVICES)
				fail("more virtio-9p devices than", MOST_DEVICES);
			start_device(&devices[found], function, &rings[found], wishes);
			found++;
		}
	}
	return found;
}
