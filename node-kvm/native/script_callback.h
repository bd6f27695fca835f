#pragma once

#include <napi.h>

#include <cstddef>

// Calls a JavaScript function from the event loop, followed by the microtasks it made. What it throws becomes an
// uncaught exception. Does nothing where the environment is ending. Needs an open handle scope.
void CallScript(Napi::Env env, napi_value function, const napi_value* arguments, size_t count);
