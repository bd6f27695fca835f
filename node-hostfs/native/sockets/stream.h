// A connected stream socket: one system call for each method, and a callback that tells of readiness.
#pragma once

#include <napi.h>

#include "../args.h"
#include "environment.h"
#include "loop_handle.h"
#include "ready_callback.h"

namespace sockets {

class Stream final : public Napi::ObjectWrap<Stream>, private LoopHandle::Owner {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Stream(const Napi::CallbackInfo& info);
  ~Stream();

 private:
  Napi::Value OnReady(const Napi::CallbackInfo& info);
  Napi::Value Watch(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value ReceiveSoon(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value KeepAlive(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Host(const Napi::CallbackInfo& info);
  Napi::Value Port(const Napi::CallbackInfo& info);

  // Where the bytes of one of the two go; throws for arguments that are wrong.
  static hostfs::Span Room(const Napi::CallbackInfo& info);
  Napi::Value Received(const Napi::CallbackInfo& info, int64_t got);

  void Ready(int events) override;
  void EnvironmentEnds() override;
  void Release();

  int fd_ = -1;
  Address peer_;
  std::shared_ptr<Spin> spin_;
  LoopHandle* handle_ = nullptr;
  ReadyCallback callback_;
};

}  // namespace sockets
