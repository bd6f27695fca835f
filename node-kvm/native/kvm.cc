#include "kvm.h"

#include <fcntl.h>
#include <linux/kvm.h>

#include <cerrno>
#include <string>

#include "error.h"
#include "ioctl.h"
#include "vm.h"

Napi::Function Kvm::Define(Napi::Env env) {
  return DefineClass(env, "Kvm",
                     {InstanceMethod<&Kvm::Ioctl>("ioctl"), InstanceMethod<&Kvm::CreateVm>("createVm"),
                      InstanceMethod<&Kvm::Close>("close")});
}

Kvm::Kvm(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Kvm>(info) {
  if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "path: a string is needed");
  fd_ = UniqueFd(open(info[0].As<Napi::String>().Utf8Value().c_str(), O_RDWR | O_CLOEXEC));
  if (!fd_.valid()) throw SystemError(info.Env(), errno, "open");
}

Napi::Value Kvm::Ioctl(const Napi::CallbackInfo& info) {
  if (!fd_.valid()) throw ClosedError(info.Env(), "ioctl");
  return RunIoctl(info, kSystemIoctls, fd_.get());
}

Napi::Value Kvm::CreateVm(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!fd_.valid()) throw ClosedError(env, "KVM_CREATE_VM");
  auto type = static_cast<uintptr_t>(Uint32Argument(info, 0, "type"));
  int run_size = RetryingIoctl(fd_.get(), KVM_GET_VCPU_MMAP_SIZE, nullptr);
  if (run_size < static_cast<int>(sizeof(kvm_run))) throw SystemError(env, errno, "KVM_GET_VCPU_MMAP_SIZE");
  UniqueFd vm(RetryingIoctl(fd_.get(), KVM_CREATE_VM, reinterpret_cast<void*>(type)));
  if (!vm.valid()) throw SystemError(env, errno, "KVM_CREATE_VM");
  return Vm::Create(env, std::move(vm), static_cast<size_t>(run_size));
}

void Kvm::Close(const Napi::CallbackInfo&) { fd_.Reset(); }
