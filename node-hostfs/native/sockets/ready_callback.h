// The JavaScript function that is told of readiness, called from the event loop as Node calls its own.
#pragma once

#include <napi.h>

namespace sockets {

class ReadyCallback {
 public:
  ~ReadyCallback() { Clear(); }

  void Set(napi_env env, napi_value function) {
    Clear();
    napi_value name;
    napi_create_string_utf8(env, "SOCKET", NAPI_AUTO_LENGTH, &name);
    if (napi_create_reference(env, function, 1, &function_) != napi_ok) throw Napi::Error::New(env);
    if (napi_async_init(env, nullptr, name, &context_) != napi_ok) throw Napi::Error::New(env);
    env_ = env;
  }

  // Within the function itself, what it stands in stays until it has returned.
  void Clear() {
    cleared_ = calling_;
    if (calling_) return;
    if (context_ != nullptr) napi_async_destroy(env_, context_);
    if (function_ != nullptr) napi_delete_reference(env_, function_);
    context_ = nullptr;
    function_ = nullptr;
  }

  // What it throws is an uncaught exception, as of any callback. It may Clear() this callback.
  void Call(int events) {
    if (function_ == nullptr || calling_) return;
    napi_env env = env_;
    Napi::HandleScope scope(env);
    napi_value receiver, function, argument;
    napi_get_reference_value(env, function_, &function);
    napi_create_int32(env, events, &argument);
    // Node's domains look at the receiver, which therefore has to be an object.
    napi_get_global(env, &receiver);
    calling_ = true;
    napi_status status = napi_make_callback(env, context_, receiver, function, 1, &argument, nullptr);
    calling_ = false;
    if (cleared_) Clear();
    if (status != napi_pending_exception) return;
    napi_value thrown;
    if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
  }

 private:
  napi_env env_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_ref function_ = nullptr;
  bool calling_ = false;
  bool cleared_ = false;
};

}  // namespace sockets
