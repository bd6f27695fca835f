#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>

// What an ioctl takes: a number, a structure of the size its request number tells, or a header and counted entries.
enum class IoctlArgument { kNumber, kStruct, kCounted };

struct IoctlRow {
  const char* name;
  unsigned long request;
  IoctlArgument argument;
  uint32_t entry_size;
};

// The ioctls one kind of descriptor answers.
struct IoctlTable {
  const IoctlRow* rows;
  size_t count;
};

extern const IoctlTable kSystemIoctls;
extern const IoctlTable kVmIoctls;
extern const IoctlTable kVcpuIoctls;

// Runs the ioctl that info[0] names with the argument info[1], a number, bigint or Uint8Array, checking that the bytes
// are as many as the kernel reads and writes. Returns what the kernel returned; throws SystemError where it failed.
Napi::Value RunIoctl(const Napi::CallbackInfo& info, const IoctlTable& table, int fd);

// ioctl(2), once more where a signal interrupted it.
int RetryingIoctl(int fd, unsigned long request, void* argument);
