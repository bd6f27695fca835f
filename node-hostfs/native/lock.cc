// Locks that belong to an open file description, not to the process.
#include <fcntl.h>
#include <sys/file.h>

#include <cstring>

#include "call.h"

namespace hostfs {

namespace {

struct OfdSetLock {
  int fd;
  struct flock lock = {};
  explicit OfdSetLock(Args& args) : fd(args.Fd(0, "fd")) {
    lock.l_type = static_cast<int16_t>(args.Uint32(1, "type") & 0x7fff);
    lock.l_whence = SEEK_SET;
    lock.l_start = args.Int64(2, "start");
    lock.l_len = args.Int64(3, "length");
  }
  int64_t Run() {
    return Errno([&] { return fcntl(fd, F_OFD_SETLK, &lock); });
  }
};

struct OfdGetLock {
  int fd;
  struct flock lock = {};
  Span out;
  explicit OfdGetLock(Args& args) : fd(args.Fd(0, "fd")) {
    lock.l_type = static_cast<int16_t>(args.Uint32(1, "type") & 0x7fff);
    lock.l_whence = SEEK_SET;
    lock.l_start = args.Int64(2, "start");
    lock.l_len = args.Int64(3, "length");
    out = args.Bytes(4, "out", 4 * sizeof(int64_t));
  }
  int64_t Run() {
    int64_t result = Errno([&] { return fcntl(fd, F_OFD_GETLK, &lock); });
    if (result < 0) return result;
    int64_t words[4] = {lock.l_type, lock.l_start, lock.l_len, lock.l_pid};
    std::memcpy(out.data, words, sizeof words);
    return 0;
  }
};

struct Flock {
  int fd, operation;
  explicit Flock(Args& args) : fd(args.Fd(0, "fd")), operation(args.Int32(1, "operation")) {}
  int64_t Run() {
    return Errno([&] { return flock(fd, operation); });
  }
};

}  // namespace

void ExportLock(Napi::Env env, Napi::Object exports) {
  Export<OfdSetLock>(env, exports, "ofdSetLock", "ofdSetLockAsync");
  Export<OfdGetLock>(env, exports, "ofdGetLock", "ofdGetLockAsync");
  Export<Flock>(env, exports, "flock", "flockAsync");
}

}  // namespace hostfs
