#include "external_buffer.h"

#include <utility>

ExternalBuffer::ExternalBuffer(Napi::Env env, void* data, size_t length, std::shared_ptr<void> owner)
    : length_(length), lease_(std::make_shared<Lease>(Lease{std::move(owner)})) {
  auto* held = new std::shared_ptr<Lease>(lease_);
  auto release = [](napi_env, void*, void* hint) { delete static_cast<std::shared_ptr<Lease>*>(hint); };
  napi_value value = nullptr;
  if (napi_create_external_arraybuffer(env, data, length, release, held, &value) != napi_ok) {
    delete held;
    throw Napi::Error::New(env, "node-kvm: this Node does not take memory from outside its heap");
  }
  reference_ = Napi::Persistent(Napi::ArrayBuffer(env, value));
}

void ExternalBuffer::Detach(Napi::Env env) {
  Napi::HandleScope scope(env);
  Napi::ArrayBuffer buffer = reference_.Value();
  reference_.Reset();
  if (buffer.IsEmpty()) return;
  // Detached already means that script moved the memory to another ArrayBuffer: then the collector has to find that.
  if (buffer.IsDetached() || napi_detach_arraybuffer(env, buffer) != napi_ok) return;
  lease_->owner.reset();
}
