// Changing the mode, the owner, the times and the length of what a descriptor refers to.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "proc_fd.h"

namespace hostfs {

namespace {

// Linux 6.6 has it; the headers of the compiler may not.
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

struct Fchmod {
  int fd;
  uint32_t mode;
  explicit Fchmod(Args& args) : fd(args.Fd(0, "fd")), mode(args.Uint32(1, "mode")) {}
  int64_t Run() {
    int64_t result = Errno([&] { return syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH); });
    // Older kernels lack the call, and sandboxes that do not know it may say EPERM.
    if (result != -ENOSYS && result != -EPERM) return result;
    int directory = ProcFdDirectory();
    if (directory < 0) return directory;
    FdName name(fd);
    return Errno([&] { return fchmodat(directory, name.bytes, mode, 0); });
  }
};

struct Fchownat {
  int dirfd;
  Name name;
  uint32_t uid, gid;
  int flags;
  explicit Fchownat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    uid = args.Uint32(2, "uid");
    gid = args.Uint32(3, "gid");
    flags = args.Int32(4, "flags");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return fchownat(dirfd, name.bytes, uid, gid, flags); });
  }
};

struct Futimens {
  int fd;
  timespec times[2];
  explicit Futimens(Args& args) : fd(args.Fd(0, "fd")) {
    times[0] = {args.Int64(1, "atime seconds"), args.Uint32(2, "atime nanoseconds")};
    times[1] = {args.Int64(3, "mtime seconds"), args.Uint32(4, "mtime nanoseconds")};
  }
  int64_t Run() {
    int64_t result = Errno([&] { return utimensat(fd, "", times, AT_EMPTY_PATH); });
    // Before Linux 5.8 the flag was unknown; an EINVAL of the times' own comes again below.
    if (result != -EINVAL) return result;
    int directory = ProcFdDirectory();
    if (directory < 0) return directory;
    FdName name(fd);
    return Errno([&] { return utimensat(directory, name.bytes, times, 0); });
  }
};

struct Ftruncate {
  int fd;
  int64_t length;
  explicit Ftruncate(Args& args) : fd(args.Fd(0, "fd")), length(args.Int64(1, "length")) {}
  int64_t Run() {
    return Errno([&] { return ftruncate(fd, length); });
  }
};

struct Fallocate {
  int fd, mode;
  int64_t offset, length;
  explicit Fallocate(Args& args)
      : fd(args.Fd(0, "fd")),
        mode(args.Int32(1, "mode")),
        offset(args.Int64(2, "offset")),
        length(args.Int64(3, "length")) {}
  int64_t Run() {
    return Errno([&] { return fallocate(fd, mode, offset, length); });
  }
};

}  // namespace

void ExportAttributes(Napi::Env env, Napi::Object exports) {
  Export<Fchmod>(env, exports, "fchmod", "fchmodAsync");
  Export<Fchownat>(env, exports, "fchownat", "fchownatAsync");
  Export<Futimens>(env, exports, "futimens", "futimensAsync");
  Export<Ftruncate>(env, exports, "ftruncate", "ftruncateAsync");
  Export<Fallocate>(env, exports, "fallocate", "fallocateAsync");
}

}  // namespace hostfs
