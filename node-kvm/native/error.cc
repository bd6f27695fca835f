#include "error.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <string>

Napi::Error SystemError(Napi::Env env, int error, const char* operation) {
  Napi::Error failure = Napi::Error::New(env, std::string(operation) + ": " + strerror(error));
  failure.Set("errno", Napi::Number::New(env, error));
  failure.Set("operation", Napi::String::New(env, operation));
  return failure;
}

Napi::Error ClosedError(Napi::Env env, const char* operation) { return SystemError(env, EBADF, operation); }

static double IntegerArgument(const Napi::CallbackInfo& info, size_t index, const char* what, double most) {
  if (!info[index].IsNumber()) throw Napi::TypeError::New(info.Env(), std::string(what) + ": a number is needed");
  double value = info[index].As<Napi::Number>().DoubleValue();
  if (!(value >= 0 && value <= most) || std::floor(value) != value) {
    throw Napi::RangeError::New(info.Env(), std::string(what) + ": out of range");
  }
  return value;
}

uint32_t Uint32Argument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  return static_cast<uint32_t>(IntegerArgument(info, index, what, 4294967295.0));
}

uint64_t SizeArgument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  return static_cast<uint64_t>(IntegerArgument(info, index, what, 9007199254740991.0));
}

uint64_t Uint64Argument(const Napi::CallbackInfo& info, size_t index, const char* what) {
  if (!info[index].IsBigInt()) throw Napi::TypeError::New(info.Env(), std::string(what) + ": a bigint is needed");
  bool lossless = false;
  uint64_t value = info[index].As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) throw Napi::RangeError::New(info.Env(), std::string(what) + ": does not fit 64 bits");
  return value;
}
