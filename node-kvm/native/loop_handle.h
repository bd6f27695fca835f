#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <utility>

#include "environment.h"

// A libuv handle with a callback. libuv needs the handle's memory until some turns after its close, so that memory has
// a life of its own; the callback ends with this object.
template <typename UvHandle>
class LoopHandle {
 public:
  LoopHandle(std::shared_ptr<Environment> environment, std::function<void()> callback)
      : box_(new Box{{}, std::move(callback), std::move(environment)}) {}
  LoopHandle(const LoopHandle&) = delete;
  LoopHandle& operator=(const LoopHandle&) = delete;

  ~LoopHandle() {
    if (!open_) {
      delete box_;
      return;
    }
    box_->callback = nullptr;
    uv_close(reinterpret_cast<uv_handle_t*>(&box_->handle), [](uv_handle_t* handle) {
      Box* box = static_cast<Box*>(handle->data);
      auto environment = std::move(box->environment);
      delete box;
      environment->HandleClosed();
    });
  }

  // Initialises the handle by `init(loop, handle)`; returns 0 or a negative errno.
  template <typename Init>
  int Open(Init init) {
    int error = init(box_->environment->loop(), &box_->handle);
    if (error != 0) return error;
    box_->handle.data = box_;
    box_->environment->HandleOpened();
    open_ = true;
    return 0;
  }

  UvHandle* handle() { return &box_->handle; }

  void SetReferenced(bool referenced) {
    auto* handle = reinterpret_cast<uv_handle_t*>(&box_->handle);
    referenced ? uv_ref(handle) : uv_unref(handle);
  }

  // For the C callback of the handle.
  static void Call(UvHandle* handle) {
    Box* box = static_cast<Box*>(handle->data);
    if (box->callback == nullptr) return;
    // A copy, since the callback may end this object.
    auto callback = box->callback;
    callback();
  }

 private:
  struct Box {
    UvHandle handle;
    std::function<void()> callback;
    std::shared_ptr<Environment> environment;
  };

  Box* box_;
  bool open_ = false;
};
