// A listening socket, from which streams are accepted.
#pragma once

#include <napi.h>

#include "environment.h"
#include "loop_handle.h"
#include "ready_callback.h"

namespace sockets {

class Listener final : public Napi::ObjectWrap<Listener>, private LoopHandle::Owner {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Listener(const Napi::CallbackInfo& info);
  ~Listener();

 private:
  Napi::Value OnReady(const Napi::CallbackInfo& info);
  Napi::Value Watch(const Napi::CallbackInfo& info);
  Napi::Value Accept(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  Napi::Value Port(const Napi::CallbackInfo& info);

  void Ready(int events) override;
  void EnvironmentEnds() override;
  void Release();
  bool TurnAway();

  int fd_ = -1;
  // Given up for a moment where there is no other descriptor left, to tell a client by closing that it is not let in.
  int reserve_ = -1;
  std::shared_ptr<Spin> spin_;
  LoopHandle* handle_ = nullptr;
  ReadyCallback callback_;
};

}  // namespace sockets
