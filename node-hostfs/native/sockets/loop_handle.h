// A handle of libuv's event loop that outlives its owner for as long as the loop needs it, and ends with its environment.
#pragma once

#include <node_api.h>
#include <uv.h>

namespace sockets {

class LoopHandle {
 public:
  // Who is told. Neither function is called once Close() has been.
  struct Owner {
    // The descriptor has become ready (UV_READABLE, UV_WRITABLE); or, of an idle handle, another turn of the loop began.
    virtual void Ready(int events) = 0;
    // The environment ends: the handle is closing, and the owner must let go of it.
    virtual void EnvironmentEnds() = 0;

   protected:
    ~Owner() = default;
  };

  // Watches a descriptor, which must stay open until Close(). Throws Napi::Error where the loop refuses it.
  static LoopHandle* Poll(napi_env env, int fd, Owner* owner);
  // Runs in each turn of the loop while it is started, and keeps the loop from sleeping; not from ending.
  static LoopHandle* Idle(napi_env env, Owner* owner);

  // Which readiness of the descriptor to tell of; 0 for none.
  void Watch(int events);
  void StartIdle();
  void StopIdle();
  void Close();

 private:
  explicit LoopHandle(Owner* owner) : owner_(owner) {}
  void Attach(napi_env env, int status);

  static uv_loop_t* LoopOf(napi_env env);
  static void OnPoll(uv_poll_t* handle, int status, int events);
  static void OnIdle(uv_idle_t* handle);
  static void OnEnvironmentEnd(napi_async_cleanup_hook_handle hook, void* self);
  static void OnClosed(uv_handle_t* handle);

  Owner* owner_;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  int watched_ = 0;
  union {
    uv_handle_t handle;
    uv_poll_t poll;
    uv_idle_t idle;
  } uv_;
};

}  // namespace sockets
