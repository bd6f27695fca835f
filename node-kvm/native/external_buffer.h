#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

// An ArrayBuffer over memory of ours. `owner` keeps that memory until nobody can reach it through JavaScript: until
// Detach, or else until the ArrayBuffer is collected.
class ExternalBuffer {
 public:
  ExternalBuffer(Napi::Env env, void* data, size_t length, std::shared_ptr<void> owner);
  ExternalBuffer(const ExternalBuffer&) = delete;
  ExternalBuffer& operator=(const ExternalBuffer&) = delete;

  size_t length() const { return length_; }
  Napi::Value Value() { return reference_.Value(); }
  void Detach(Napi::Env env);

 private:
  struct Lease {
    std::shared_ptr<void> owner;
  };

  size_t length_;
  std::shared_ptr<Lease> lease_;
  Napi::Reference<Napi::ArrayBuffer> reference_;
};
