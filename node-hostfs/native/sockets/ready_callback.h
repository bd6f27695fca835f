// The JavaScript function that is told of readiness, called from the event loop as Node calls its own.
#pragma once

#include <napi.h>

namespace sockets {

class ReadyCallback {
 public:
  // While the function runs, and the promises it has settled, it may be replaced or cleared like at any other time.
  void Set(napi_env env, napi_value function) {
    env_ = env;
    if (context_ == nullptr) {
      napi_value name;
      napi_create_string_utf8(env, "SOCKET", NAPI_AUTO_LENGTH, &name);
      if (napi_async_init(env, nullptr, name, &context_) != napi_ok) throw Napi::Error::New(env);
    }
    Forget();
    if (napi_create_reference(env, function, 1, &function_) != napi_ok) throw Napi::Error::New(env);
  }

  void Clear() {
    Forget();
    // What a call stands in stays until it has returned.
    if (calling_ || context_ == nullptr) return;
    napi_async_destroy(env_, context_);
    context_ = nullptr;
  }

  // What it throws is an uncaught exception, as of any callback.
  void Call(int events) {
    if (function_ == nullptr || calling_) return;
    Napi::HandleScope scope(env_);
    napi_value receiver, function, argument;
    // Node's domains look at the receiver, which therefore has to be an object.
    napi_get_global(env_, &receiver);
    napi_get_reference_value(env_, function_, &function);
    napi_create_int32(env_, events, &argument);
    calling_ = true;
    napi_status status = napi_make_callback(env_, context_, receiver, function, 1, &argument, nullptr);
    calling_ = false;
    if (function_ == nullptr) Clear();
    if (status != napi_pending_exception) return;
    napi_value thrown;
    if (napi_get_and_clear_last_exception(env_, &thrown) == napi_ok) napi_fatal_exception(env_, thrown);
  }

 private:
  void Forget() {
    if (function_ != nullptr) napi_delete_reference(env_, function_);
    function_ = nullptr;
  }

  napi_env env_ = nullptr;
  napi_async_context context_ = nullptr;
  napi_ref function_ = nullptr;
  bool calling_ = false;
};

}  // namespace sockets
