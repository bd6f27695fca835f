#pragma once

#include <napi.h>

#include <memory>

#include "environment.h"
#include "external_buffer.h"
#include "loop_handle.h"
#include "mapping.h"
#include "vcpu_thread.h"

// A virtual CPU: its descriptor with the mapped kvm_run structure, and its thread with the way back to JavaScript.
class Vcpu : public Napi::ObjectWrap<Vcpu>, private Closeable {
 public:
  static Napi::Function Define(Napi::Env env);
  // `run` is the kvm_run structure, which owns the descriptor and holds on to the VM.
  static Napi::Value Create(Napi::Env env, std::shared_ptr<Mapping> run);
  explicit Vcpu(const Napi::CallbackInfo& info);
  ~Vcpu() override;

 private:
  Napi::Value RunPage(const Napi::CallbackInfo& info);
  Napi::Value Ioctl(const Napi::CallbackInfo& info);
  void Start(const Napi::CallbackInfo& info);
  void Resume(const Napi::CallbackInfo& info);
  void Request(const Napi::CallbackInfo& info);
  void SetReferenced(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void CloseForTeardown() override;
  // Called on the event loop when the thread has something to tell.
  void OnWakeup();
  // Tells JavaScript the event that waits; false where there is none.
  bool Deliver();
  void EndThread();
  Mapping& Open(Napi::Env env, const char* operation);
  VcpuThread& Running(Napi::Env env, const char* operation);

  std::shared_ptr<Mapping> run_;
  std::unique_ptr<ExternalBuffer> run_page_;
  std::shared_ptr<Environment> environment_;
  std::unique_ptr<LoopHandle<uv_async_t>> wakeup_;
  std::unique_ptr<VcpuThread> thread_;
  Napi::FunctionReference listener_;
};
