#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "environment.h"
#include "loop_handle.h"
#include "unique_fd.h"

// A Linux eventfd, and a callback when it is signalled.
class EventFd : public Napi::ObjectWrap<EventFd>, private Closeable {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit EventFd(const Napi::CallbackInfo& info);
  ~EventFd() override;

 private:
  Napi::Value Fd(const Napi::CallbackInfo& info);
  void Signal(const Napi::CallbackInfo& info);
  Napi::Value Read(const Napi::CallbackInfo& info);
  void Listen(const Napi::CallbackInfo& info);
  void SetReferenced(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  void CloseForTeardown() override;
  void StartPolling(Napi::Env env);
  void StopListening();
  void OnReadable();
  // Empties the counter; returns 0 or an errno, EAGAIN where it was empty.
  int Take(uint64_t* count);
  void CheckOpen(Napi::Env env, const char* operation);

  UniqueFd fd_;
  std::shared_ptr<Environment> environment_;
  std::unique_ptr<LoopHandle<uv_poll_t>> poll_;
  Napi::FunctionReference callback_;
  bool referenced_ = true;
};
