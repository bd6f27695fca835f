#include "ioctl.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "error.h"

namespace {

constexpr IoctlRow Number(const char* name, unsigned long request) {
  return {name, request, IoctlArgument::kNumber, 0};
}

constexpr IoctlRow Struct(const char* name, unsigned long request) {
  return {name, request, IoctlArgument::kStruct, 0};
}

// The request number holds the size of the header. Some versions of the header file give the structures that end in an
// array another size in C++ than in C, so the size is put in anew.
constexpr IoctlRow Counted(const char* name, unsigned long request, unsigned long header_size, uint32_t entry_size) {
  unsigned long without_size = request & ~(static_cast<unsigned long>(_IOC_SIZEMASK) << _IOC_SIZESHIFT);
  return {name, without_size | (header_size << _IOC_SIZESHIFT), IoctlArgument::kCounted, entry_size};
}

#define NAMED(request) #request, request

constexpr IoctlRow kSystemRows[] = {
    Number(NAMED(KVM_GET_API_VERSION)),
    Number(NAMED(KVM_CHECK_EXTENSION)),
    Number(NAMED(KVM_GET_VCPU_MMAP_SIZE)),
    Counted(NAMED(KVM_GET_SUPPORTED_CPUID), 8, sizeof(kvm_cpuid_entry2)),
    Counted(NAMED(KVM_GET_MSR_INDEX_LIST), 4, sizeof(uint32_t)),
};

constexpr IoctlRow kVmRows[] = {
    Number(NAMED(KVM_CHECK_EXTENSION)),
    Number(NAMED(KVM_CREATE_IRQCHIP)),
    Number(NAMED(KVM_SET_TSS_ADDR)),
    Struct(NAMED(KVM_ENABLE_CAP)),
    Struct(NAMED(KVM_CREATE_PIT2)),
    Struct(NAMED(KVM_GET_IRQCHIP)),
    Struct(NAMED(KVM_SET_IRQCHIP)),
    Struct(NAMED(KVM_IRQ_LINE)),
    Struct(NAMED(KVM_IRQFD)),
    Struct(NAMED(KVM_IOEVENTFD)),
    Struct(NAMED(KVM_SIGNAL_MSI)),
    Struct(NAMED(KVM_GET_CLOCK)),
    Struct(NAMED(KVM_SET_CLOCK)),
    Struct(NAMED(KVM_SET_IDENTITY_MAP_ADDR)),
    Counted(NAMED(KVM_SET_GSI_ROUTING), 8, sizeof(kvm_irq_routing_entry)),
};

constexpr IoctlRow kVcpuRows[] = {
    Number(NAMED(KVM_GET_TSC_KHZ)),
    Number(NAMED(KVM_SET_TSC_KHZ)),
    Number(NAMED(KVM_NMI)),
    Struct(NAMED(KVM_GET_REGS)),
    Struct(NAMED(KVM_SET_REGS)),
    Struct(NAMED(KVM_GET_SREGS)),
    Struct(NAMED(KVM_SET_SREGS)),
    Struct(NAMED(KVM_GET_FPU)),
    Struct(NAMED(KVM_SET_FPU)),
    Struct(NAMED(KVM_GET_LAPIC)),
    Struct(NAMED(KVM_SET_LAPIC)),
    Struct(NAMED(KVM_GET_MP_STATE)),
    Struct(NAMED(KVM_SET_MP_STATE)),
    Struct(NAMED(KVM_GET_VCPU_EVENTS)),
    Struct(NAMED(KVM_SET_VCPU_EVENTS)),
    Struct(NAMED(KVM_GET_DEBUGREGS)),
    Struct(NAMED(KVM_SET_DEBUGREGS)),
    Struct(NAMED(KVM_GET_XCRS)),
    Struct(NAMED(KVM_SET_XCRS)),
    Struct(NAMED(KVM_SET_GUEST_DEBUG)),
    Struct(NAMED(KVM_INTERRUPT)),
    Counted(NAMED(KVM_GET_MSRS), 8, sizeof(kvm_msr_entry)),
    Counted(NAMED(KVM_SET_MSRS), 8, sizeof(kvm_msr_entry)),
    Counted(NAMED(KVM_GET_CPUID2), 8, sizeof(kvm_cpuid_entry2)),
    Counted(NAMED(KVM_SET_CPUID2), 8, sizeof(kvm_cpuid_entry2)),
};

#undef NAMED

const IoctlRow& FindRow(Napi::Env env, const IoctlTable& table, const std::string& name) {
  for (size_t index = 0; index < table.count; index++) {
    if (name == table.rows[index].name) return table.rows[index];
  }
  throw Napi::TypeError::New(env, "ioctl: " + name + " is not one of this descriptor's");
}

// The length the kernel assumes: from the request number, and for counted structures from the count in the first word.
size_t NeededLength(const IoctlRow& row, const uint8_t* data, size_t length) {
  size_t header = _IOC_SIZE(row.request);
  if (row.argument == IoctlArgument::kStruct || length < header) return header;
  uint32_t count;
  memcpy(&count, data, sizeof count);
  return header + size_t{count} * row.entry_size;
}

void* BytesOf(const Napi::CallbackInfo& info, const IoctlRow& row) {
  Napi::Env env = info.Env();
  if (!info[1].IsTypedArray() || info[1].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    throw Napi::TypeError::New(env, std::string(row.name) + ": a Uint8Array is needed");
  }
  Napi::Uint8Array bytes = info[1].As<Napi::Uint8Array>();
  size_t needed = NeededLength(row, bytes.Data(), bytes.ByteLength());
  if (bytes.ByteLength() != needed) {
    throw Napi::RangeError::New(env, std::string(row.name) + ": " + std::to_string(needed) + " bytes are needed, not " +
                                         std::to_string(bytes.ByteLength()));
  }
  return bytes.Data();
}

void* NumberOf(const Napi::CallbackInfo& info, const IoctlRow& row) {
  uint64_t value = info[1].IsBigInt() ? Uint64Argument(info, 1, row.name) : SizeArgument(info, 1, row.name);
  return reinterpret_cast<void*>(value);
}

}  // namespace

const IoctlTable kSystemIoctls = {kSystemRows, std::size(kSystemRows)};
const IoctlTable kVmIoctls = {kVmRows, std::size(kVmRows)};
const IoctlTable kVcpuIoctls = {kVcpuRows, std::size(kVcpuRows)};

int RetryingIoctl(int fd, unsigned long request, void* argument) {
  int result;
  do {
    result = ioctl(fd, request, argument);
  } while (result < 0 && errno == EINTR);
  return result;
}

Napi::Value RunIoctl(const Napi::CallbackInfo& info, const IoctlTable& table, int fd) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "ioctl: a name is needed");
  const IoctlRow& row = FindRow(env, table, info[0].As<Napi::String>().Utf8Value());
  void* argument = row.argument == IoctlArgument::kNumber ? NumberOf(info, row) : BytesOf(info, row);
  int result = RetryingIoctl(fd, row.request, argument);
  if (result < 0) throw SystemError(env, errno, row.name);
  return Napi::Number::New(env, result);
}
