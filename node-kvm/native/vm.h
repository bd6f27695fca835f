#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

#include "mapping.h"
#include "unique_fd.h"

// What a VM and its vCPUs share. The kernel keeps the VM, and with it the use of its memory, until the last of their
// descriptors is closed: so the pages in its slots are held until then.
struct VmState {
  std::map<uint32_t, std::shared_ptr<Mapping>> slots;
  UniqueFd fd;
  size_t run_size = 0;
};

// A virtual machine.
class Vm : public Napi::ObjectWrap<Vm> {
 public:
  static Napi::Function Define(Napi::Env env);
  static Napi::Value Create(Napi::Env env, UniqueFd fd, size_t run_size);
  explicit Vm(const Napi::CallbackInfo& info);

 private:
  Napi::Value Ioctl(const Napi::CallbackInfo& info);
  void SetUserMemoryRegion(const Napi::CallbackInfo& info);
  void DeleteMemoryRegion(const Napi::CallbackInfo& info);
  Napi::Value CreateVcpu(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  VmState& Open(Napi::Env env, const char* operation);

  std::shared_ptr<VmState> state_;
};
