#include <napi.h>

#include "environment.h"
#include "event_fd.h"
#include "guest_memory.h"
#include "kvm.h"
#include "vcpu.h"
#include "vm.h"

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new InstanceData;
  env.SetInstanceData(data);
  data->environment = Environment::Create(env);
  data->vm_constructor = Napi::Persistent(Vm::Define(env));
  data->vcpu_constructor = Napi::Persistent(Vcpu::Define(env));
  exports.Set("Kvm", Kvm::Define(env));
  exports.Set("GuestMemory", GuestMemory::Define(env));
  exports.Set("EventFd", EventFd::Define(env));
  return exports;
}

NODE_API_MODULE(kvm, Init)
