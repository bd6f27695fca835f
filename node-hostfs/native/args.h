// Arguments of a JavaScript call, checked before any system call sees them.
#pragma once

#include <napi.h>

#include <sys/uio.h>

#include <climits>
#include <cstdint>
#include <vector>

namespace hostfs {

// A file name or a link target: bytes, terminated by NUL, not necessarily UTF-8.
struct Name {
  char bytes[PATH_MAX];
  bool too_long = false;  // The kernel would say ENAMETOOLONG, and so does the call.
};

// Bytes of JavaScript's, valid while the typed array that holds them is.
struct Span {
  uint8_t* data;
  size_t length;
};

// Each reader throws a JavaScript TypeError or RangeError that names the call and the argument.
class Args {
 public:
  // `keeps`: remember what is handed out, for a call that goes on without JavaScript.
  explicit Args(const Napi::CallbackInfo& info, bool keeps = false);

  // A descriptor, 0 or more.
  int Fd(size_t index, const char* what) const;
  // A descriptor or AT_FDCWD.
  int DirFd(size_t index, const char* what) const;
  int Int32(size_t index, const char* what) const;
  uint32_t Uint32(size_t index, const char* what) const;
  // A safe integer, or a bigint.
  int64_t Int64(size_t index, const char* what) const;
  uint64_t Uint64(size_t index, const char* what) const;
  void CopyName(size_t index, const char* what, Name& out) const;
  Span Bytes(size_t index, const char* what, size_t at_least);
  // The part of one Uint8Array that argument `index` is, from the byte of the next argument to that of the one after.
  Span Part(size_t index, const char* what);
  // One Uint8Array, or an array of them.
  std::vector<iovec> Vector(size_t index, const char* what);

  // The typed arrays handed out as pointers, if they are kept: whoever goes on without JavaScript must keep them alive.
  const std::vector<napi_value>& handed_out() const { return handed_out_; }

 private:
  [[noreturn]] void Refuse(bool range, size_t index, const char* what, const char* expected) const;
  double Integer(size_t index, const char* what, double least, double most, const char* expected) const;
  bool Uint8ArrayInfo(napi_value value, Span& out) const;
  void HandOut(napi_value value);

  const Napi::CallbackInfo& info_;
  const char* call_;
  const bool keeps_;
  std::vector<napi_value> handed_out_;
};

}  // namespace hostfs
