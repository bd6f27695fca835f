#include "script_callback.h"

void CallScript(Napi::Env env, napi_value function, const napi_value* arguments, size_t count) {
  napi_status status = napi_make_callback(env, nullptr, function, function, count, arguments, nullptr);
  if (status != napi_pending_exception) return;
  bool pending = false;
  napi_value exception = nullptr;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &exception) != napi_ok) return;
  napi_fatal_exception(env, exception);
}
