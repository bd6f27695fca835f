#include "environment.h"

#include <utility>

std::shared_ptr<Environment> Environment::Create(Napi::Env env) {
  auto created = std::make_shared<Environment>();
  if (napi_get_uv_event_loop(env, &created->loop_) != napi_ok ||
      napi_add_async_cleanup_hook(env, Teardown, created.get(), &created->hook_) != napi_ok) {
    throw Napi::Error::New(env, "node-kvm: this environment is ending");
  }
  return created;
}

std::shared_ptr<Environment> Environment::Of(Napi::Env env) { return env.GetInstanceData<InstanceData>()->environment; }

void Environment::HandleClosed() {
  open_handles_--;
  FinishTeardown();
}

void Environment::Teardown(napi_async_cleanup_hook_handle, void* data) {
  auto* environment = static_cast<Environment*>(data);
  environment->self_ = environment->shared_from_this();
  while (!environment->closeables_.empty()) {
    Closeable* closeable = *environment->closeables_.begin();
    environment->Remove(closeable);
    closeable->CloseForTeardown();
  }
  environment->tearing_down_ = true;
  environment->FinishTeardown();
}

void Environment::FinishTeardown() {
  if (!tearing_down_ || open_handles_ != 0) return;
  auto last = std::move(self_);
  tearing_down_ = false;
  napi_remove_async_cleanup_hook(hook_);
}
