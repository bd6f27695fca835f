#pragma once

#include <napi.h>

#include <cstdint>
#include <map>
#include <memory>

#include "external_buffer.h"
#include "mapping.h"

// A sealed memfd, mapped shared, or anonymous pages, and the windows on them that JavaScript has.
class GuestMemory : public Napi::ObjectWrap<GuestMemory> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit GuestMemory(const Napi::CallbackInfo& info);

  // The pages of the GuestMemory that info[index] is. Throws TypeError for another object, SystemError once closed.
  static std::shared_ptr<Mapping> MappingArgument(const Napi::CallbackInfo& info, size_t index, const char* operation);

 private:
  Napi::Value Fd(const Napi::CallbackInfo& info);
  Napi::Value Window(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);

  std::shared_ptr<Mapping> mapping_;
  // V8 forbids two ArrayBuffers over memory that starts at one address: one window for each offset.
  std::map<uint64_t, std::unique_ptr<ExternalBuffer>> windows_;
};
