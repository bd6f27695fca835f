#pragma once

#include <napi.h>

// An Error with `errno` and `operation`, which the TypeScript side makes a KvmError of.
Napi::Error SystemError(Napi::Env env, int error, const char* operation);

// The error for a call on an object that was closed.
Napi::Error ClosedError(Napi::Env env, const char* operation);

// The arguments, checked: what does not fit throws a TypeError or RangeError naming `what`.
uint32_t Uint32Argument(const Napi::CallbackInfo& info, size_t index, const char* what);
uint64_t Uint64Argument(const Napi::CallbackInfo& info, size_t index, const char* what);
uint64_t SizeArgument(const Napi::CallbackInfo& info, size_t index, const char* what);
