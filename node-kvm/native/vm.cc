#include "vm.h"

#include <linux/kvm.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "environment.h"
#include "error.h"
#include "guest_memory.h"
#include "ioctl.h"
#include "vcpu.h"

namespace {

constexpr const char* kMemoryRegion = "KVM_SET_USER_MEMORY_REGION";

void SetRegion(Napi::Env env, int fd, kvm_userspace_memory_region region) {
  if (RetryingIoctl(fd, KVM_SET_USER_MEMORY_REGION, &region) < 0) throw SystemError(env, errno, kMemoryRegion);
}

}  // namespace

Napi::Function Vm::Define(Napi::Env env) {
  return DefineClass(
      env, "Vm",
      {InstanceMethod<&Vm::Ioctl>("ioctl"), InstanceMethod<&Vm::SetUserMemoryRegion>("setUserMemoryRegion"),
       InstanceMethod<&Vm::DeleteMemoryRegion>("deleteMemoryRegion"), InstanceMethod<&Vm::CreateVcpu>("createVcpu"),
       InstanceMethod<&Vm::Close>("close")});
}

Napi::Value Vm::Create(Napi::Env env, UniqueFd fd, size_t run_size) {
  auto state = std::make_shared<VmState>();
  state->fd = std::move(fd);
  state->run_size = run_size;
  auto parts = Napi::External<std::shared_ptr<VmState>>::New(env, &state);
  return env.GetInstanceData<InstanceData>()->vm_constructor.New({parts});
}

Vm::Vm(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Vm>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Vm: made by createVm only");
  state_ = *info[0].As<Napi::External<std::shared_ptr<VmState>>>().Data();
}

Napi::Value Vm::Ioctl(const Napi::CallbackInfo& info) {
  return RunIoctl(info, kVmIoctls, Open(info.Env(), "ioctl").fd.get());
}

void Vm::SetUserMemoryRegion(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VmState& state = Open(env, kMemoryRegion);
  uint32_t slot = Uint32Argument(info, 0, "slot");
  uint32_t flags = Uint32Argument(info, 1, "flags");
  uint64_t guest_address = Uint64Argument(info, 2, "guestAddress");
  std::shared_ptr<Mapping> mapping = GuestMemory::MappingArgument(info, 3, kMemoryRegion);
  uint64_t offset = SizeArgument(info, 4, "offset");
  uint64_t size = SizeArgument(info, 5, "size");
  if (size == 0 || offset >= mapping->size() || size > mapping->size() - offset) {
    throw Napi::RangeError::New(env, "size: outside the memory");
  }
  auto address = reinterpret_cast<uint64_t>(mapping->address() + offset);
  SetRegion(env, state.fd.get(), {slot, flags, guest_address, size, address});
  state.slots[slot] = std::move(mapping);
}

void Vm::DeleteMemoryRegion(const Napi::CallbackInfo& info) {
  VmState& state = Open(info.Env(), kMemoryRegion);
  uint32_t slot = Uint32Argument(info, 0, "slot");
  SetRegion(info.Env(), state.fd.get(), {slot, 0, 0, 0, 0});
  state.slots.erase(slot);
}

Napi::Value Vm::CreateVcpu(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  VmState& state = Open(env, "KVM_CREATE_VCPU");
  auto id = static_cast<uintptr_t>(Uint32Argument(info, 0, "id"));
  UniqueFd fd(RetryingIoctl(state.fd.get(), KVM_CREATE_VCPU, reinterpret_cast<void*>(id)));
  if (!fd.valid()) throw SystemError(env, errno, "KVM_CREATE_VCPU");
  void* run = mmap(nullptr, state.run_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (run == MAP_FAILED) throw SystemError(env, errno, "mmap");
  return Vcpu::Create(env, std::make_shared<Mapping>(run, state.run_size, std::move(fd), state_));
}

void Vm::Close(const Napi::CallbackInfo&) {
  if (state_ == nullptr) return;
  state_->fd.Reset();
  state_.reset();
}

VmState& Vm::Open(Napi::Env env, const char* operation) {
  if (state_ == nullptr) throw ClosedError(env, operation);
  return *state_;
}
