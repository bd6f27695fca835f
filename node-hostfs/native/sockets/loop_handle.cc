#include "loop_handle.h"

#include <napi.h>

namespace sockets {

uv_loop_t* LoopHandle::LoopOf(napi_env env) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env, "sockets: no event loop");
  return loop;
}

LoopHandle* LoopHandle::Poll(napi_env env, int fd, Owner* owner) {
  uv_loop_t* loop = LoopOf(env);
  LoopHandle* self = new LoopHandle(owner);
  self->Attach(env, uv_poll_init(loop, &self->uv_.poll, fd));
  return self;
}

LoopHandle* LoopHandle::Idle(napi_env env, Owner* owner) {
  uv_loop_t* loop = LoopOf(env);
  LoopHandle* self = new LoopHandle(owner);
  self->Attach(env, uv_idle_init(loop, &self->uv_.idle));
  uv_unref(&self->uv_.handle);
  return self;
}

// After a failure the handle never was one of the loop's, and is simply freed.
void LoopHandle::Attach(napi_env env, int status) {
  if (status != 0) {
    delete this;
    throw Napi::Error::New(env, std::string("sockets: ") + uv_strerror(status));
  }
  uv_.handle.data = this;
  if (napi_add_async_cleanup_hook(env, OnEnvironmentEnd, this, &hook_) != napi_ok) {
    Close();
    throw Napi::Error::New(env, "sockets: the environment is ending");
  }
}

void LoopHandle::Watch(int events) {
  if (events == watched_) return;
  watched_ = events;
  if (events == 0) uv_poll_stop(&uv_.poll);
  else uv_poll_start(&uv_.poll, events, OnPoll);
}

void LoopHandle::StartIdle() { uv_idle_start(&uv_.idle, OnIdle); }

void LoopHandle::StopIdle() { uv_idle_stop(&uv_.idle); }

void LoopHandle::Close() {
  owner_ = nullptr;
  // The loop forgets the descriptor within this call, and the memory in a later turn.
  uv_close(&uv_.handle, OnClosed);
}

void LoopHandle::OnPoll(uv_poll_t* handle, int status, int events) {
  LoopHandle* self = static_cast<LoopHandle*>(handle->data);
  if (status != 0) {
    // An error on the descriptor, with which libuv stops watching. Which one it is, the next system call says.
    events = self->watched_;
    self->watched_ = 0;
  }
  if (self->owner_ != nullptr) self->owner_->Ready(events);
}

void LoopHandle::OnIdle(uv_idle_t* handle) {
  LoopHandle* self = static_cast<LoopHandle*>(handle->data);
  if (self->owner_ != nullptr) self->owner_->Ready(0);
}

void LoopHandle::OnEnvironmentEnd(napi_async_cleanup_hook_handle, void* data) {
  LoopHandle* self = static_cast<LoopHandle*>(data);
  Owner* owner = self->owner_;
  // Without an owner it is closing already; the environment waits until OnClosed either way.
  if (owner == nullptr) return;
  self->Close();
  owner->EnvironmentEnds();
}

void LoopHandle::OnClosed(uv_handle_t* handle) {
  LoopHandle* self = static_cast<LoopHandle*>(handle->data);
  if (self->hook_ != nullptr) napi_remove_async_cleanup_hook(self->hook_);
  delete self;
}

}  // namespace sockets
