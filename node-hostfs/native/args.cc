#include "args.h"

#include <fcntl.h>

#include <cmath>
#include <cstring>
#include <string>

namespace hostfs {

namespace {

constexpr double kMaxSafeInteger = 9007199254740991.0;

}  // namespace

Args::Args(const Napi::CallbackInfo& info, bool keeps)
    : info_(info), call_(static_cast<const char*>(info.Data())), keeps_(keeps) {}

void Args::HandOut(napi_value value) {
  if (keeps_) handed_out_.push_back(value);
}

void Args::Refuse(bool range, size_t index, const char* what, const char* expected) const {
  std::string message =
      std::string("hostfs.") + call_ + ": argument " + std::to_string(index + 1) + " (" + what + ") must be " + expected;
  if (range) throw Napi::RangeError::New(info_.Env(), message);
  throw Napi::TypeError::New(info_.Env(), message);
}

double Args::Integer(size_t index, const char* what, double least, double most, const char* expected) const {
  double number = 0;
  if (napi_get_value_double(info_.Env(), info_[index], &number) != napi_ok) Refuse(false, index, what, expected);
  if (!(number >= least && number <= most) || number != std::floor(number)) Refuse(true, index, what, expected);
  return number;
}

int Args::Fd(size_t index, const char* what) const {
  return static_cast<int>(Integer(index, what, 0, INT32_MAX, "a descriptor, an integer from 0 to 2147483647"));
}

int Args::DirFd(size_t index, const char* what) const {
  double number = 0;
  if (napi_get_value_double(info_.Env(), info_[index], &number) == napi_ok && number == AT_FDCWD) return AT_FDCWD;
  return static_cast<int>(
      Integer(index, what, 0, INT32_MAX, "a descriptor, an integer from 0 to 2147483647, or AT_FDCWD"));
}

int Args::Int32(size_t index, const char* what) const {
  return static_cast<int>(Integer(index, what, INT32_MIN, INT32_MAX, "an integer of 32 bits"));
}

uint32_t Args::Uint32(size_t index, const char* what) const {
  return static_cast<uint32_t>(Integer(index, what, 0, UINT32_MAX, "an integer from 0 to 4294967295"));
}

int64_t Args::Int64(size_t index, const char* what) const {
  static const char* const kExpected = "a safe integer or a bigint of 64 bits, signed";
  Napi::Value value = info_[index];
  if (!value.IsBigInt()) {
    return static_cast<int64_t>(Integer(index, what, -kMaxSafeInteger, kMaxSafeInteger, kExpected));
  }
  bool lossless = false;
  int64_t result = value.As<Napi::BigInt>().Int64Value(&lossless);
  if (!lossless) Refuse(true, index, what, kExpected);
  return result;
}

uint64_t Args::Uint64(size_t index, const char* what) const {
  static const char* const kExpected = "a safe integer from 0 up, or a bigint of 64 bits, unsigned";
  Napi::Value value = info_[index];
  if (!value.IsBigInt()) return static_cast<uint64_t>(Integer(index, what, 0, kMaxSafeInteger, kExpected));
  bool lossless = false;
  uint64_t result = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) Refuse(true, index, what, kExpected);
  return result;
}

bool Args::Uint8ArrayInfo(napi_value value, Span& out) const {
  napi_typedarray_type type;
  size_t length = 0;
  void* data = nullptr;
  // Refuses whatever is no typed array.
  if (napi_get_typedarray_info(info_.Env(), value, &type, &length, &data, nullptr, nullptr) != napi_ok) return false;
  if (type != napi_uint8_array) return false;
  // A detached array has length 0, so its pointer is never followed.
  out = {static_cast<uint8_t*>(data), length};
  return true;
}

void Args::CopyName(size_t index, const char* what, Name& out) const {
  Span span;
  if (!Uint8ArrayInfo(info_[index], span)) Refuse(false, index, what, "a Uint8Array holding a name");
  if (span.length != 0 && std::memchr(span.data, 0, span.length) != nullptr) {
    Refuse(false, index, what, "a name without NUL bytes");
  }
  out.too_long = span.length >= sizeof out.bytes;
  size_t length = out.too_long ? 0 : span.length;
  if (length != 0) std::memcpy(out.bytes, span.data, length);
  out.bytes[length] = 0;
}

Span Args::Bytes(size_t index, const char* what, size_t at_least) {
  Span span;
  if (!Uint8ArrayInfo(info_[index], span)) Refuse(false, index, what, "a Uint8Array");
  if (span.length < at_least) {
    std::string expected = "at least " + std::to_string(at_least) + " bytes long";
    Refuse(true, index, what, expected.c_str());
  }
  HandOut(info_[index]);
  return span;
}

Span Args::Part(size_t index, const char* what) {
  Span whole = Bytes(index, what, 0);
  uint32_t from = Uint32(index + 1, "from"), to = Uint32(index + 2, "to");
  if (from > to || to > whole.length) Refuse(true, index + 2, "to", "from `from` to the length of the buffer");
  return {whole.data + from, to - from};
}

std::vector<iovec> Args::Vector(size_t index, const char* what) {
  static const char* const kExpected = "a Uint8Array or an array of at most 1024 of them";
  Napi::Value value = info_[index];
  std::vector<iovec> vector;
  Span span;
  if (Uint8ArrayInfo(value, span)) {
    vector.push_back({span.data, span.length});
    HandOut(value);
    return vector;
  }
  if (!value.IsArray()) Refuse(false, index, what, kExpected);
  Napi::Array array = value.As<Napi::Array>();
  uint32_t count = array.Length();
  if (count > IOV_MAX) Refuse(true, index, what, kExpected);
  vector.reserve(count);
  if (keeps_) handed_out_.reserve(count);
  for (uint32_t i = 0; i < count; i++) {
    napi_value item = array.Get(i);
    if (!Uint8ArrayInfo(item, span)) Refuse(false, index, what, kExpected);
    vector.push_back({span.data, span.length});
    HandOut(item);
  }
  return vector;
}

}  // namespace hostfs
