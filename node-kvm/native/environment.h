#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <set>

// Something with a thread or a libuv handle, which has to be ended before its Node environment is.
class Closeable {
 public:
  virtual ~Closeable() = default;
  // Called once, when no JavaScript runs any more.
  virtual void CloseForTeardown() = 0;
};

// The Node environment (main thread or worker) the addon was loaded into: knows what has to be ended before it goes,
// and holds its end up until libuv has let go of every handle.
class Environment : public std::enable_shared_from_this<Environment> {
 public:
  static std::shared_ptr<Environment> Create(Napi::Env env);
  static std::shared_ptr<Environment> Of(Napi::Env env);

  uv_loop_t* loop() const { return loop_; }
  void Add(Closeable* closeable) { closeables_.insert(closeable); }
  void Remove(Closeable* closeable) { closeables_.erase(closeable); }
  void HandleOpened() { open_handles_++; }
  void HandleClosed();

 private:
  static void Teardown(napi_async_cleanup_hook_handle handle, void* self);
  void FinishTeardown();

  uv_loop_t* loop_ = nullptr;
  std::set<Closeable*> closeables_;
  size_t open_handles_ = 0;
  napi_async_cleanup_hook_handle hook_ = nullptr;
  bool tearing_down_ = false;
  // Set during the teardown, which this object has to see to its end.
  std::shared_ptr<Environment> self_;
};

// What the addon keeps for an environment.
struct InstanceData {
  std::shared_ptr<Environment> environment;
  Napi::FunctionReference vm_constructor;
  Napi::FunctionReference vcpu_constructor;
};
