// What a descriptor refers to: attributes, file system, directory entries, position.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "call.h"

namespace hostfs {

namespace {

constexpr int64_t kMaxSafeInteger = 9007199254740991;

struct Statx {
  int dirfd;
  Name name;
  uint32_t flags, mask;
  Span out;
  explicit Statx(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    flags = args.Uint32(2, "flags");
    mask = args.Uint32(3, "mask");
    out = args.Bytes(4, "out", sizeof(struct statx));
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return syscall(SYS_statx, dirfd, name.bytes, flags, mask, out.data); });
  }
};

struct Fstatfs {
  int fd;
  Span out;
  explicit Fstatfs(Args& args) : fd(args.Fd(0, "fd")), out(args.Bytes(1, "out", sizeof(struct statfs))) {}
  int64_t Run() {
    return Errno([&] { return syscall(SYS_fstatfs, fd, out.data); });
  }
};

struct Getdents64 {
  int fd;
  Span out;
  explicit Getdents64(Args& args) : fd(args.Fd(0, "fd")), out(args.Bytes(1, "out", 0)) {}
  int64_t Run() {
    size_t length = out.length > INT32_MAX ? INT32_MAX : out.length;
    return Errno([&] { return syscall(SYS_getdents64, fd, out.data, length); });
  }
};

struct Lseek {
  int fd;
  int64_t offset;
  int whence;
  explicit Lseek(Args& args)
      : fd(args.Fd(0, "fd")), offset(args.Int64(1, "offset")), whence(args.Int32(2, "whence")) {}
  int64_t Run() {
    int64_t result = Errno([&] { return lseek(fd, offset, whence); });
    return result > kMaxSafeInteger ? -EOVERFLOW : result;
  }
};

struct Seekdir {
  int fd;
  int64_t cookie;
  explicit Seekdir(Args& args) : fd(args.Fd(0, "fd")), cookie(args.Int64(1, "cookie")) {}
  int64_t Run() {
    int64_t result = Errno([&] { return lseek(fd, cookie, SEEK_SET); });
    return result < 0 ? result : 0;
  }
};

}  // namespace

void ExportDirectory(Napi::Env env, Napi::Object exports) {
  Export<Statx>(env, exports, "statx", "statxAsync");
  Export<Fstatfs>(env, exports, "fstatfs", "fstatfsAsync");
  Export<Getdents64>(env, exports, "getdents64", "getdents64Async");
  Export<Lseek>(env, exports, "lseek", "lseekAsync");
  Export<Seekdir>(env, exports, "seekdir", "seekdirAsync");
}

}  // namespace hostfs
