// Getting and giving up descriptors, and what belongs to one.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "proc_fd.h"

namespace hostfs {

namespace {

// A mode is meaningful only to the flags that create; openat2 refuses it with any other.
uint32_t ModeFor(uint32_t flags, uint32_t mode) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? mode : 0;
}

struct Openat2 {
  int dirfd;
  Name name;
  open_how how = {};
  explicit Openat2(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    uint32_t flags = args.Uint32(2, "flags") | O_CLOEXEC;
    how.flags = flags;
    how.mode = ModeFor(flags, args.Uint32(3, "mode"));
    how.resolve = args.Uint32(4, "resolve");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return syscall(SYS_openat2, dirfd, name.bytes, &how, sizeof how); });
  }
};

struct Openat {
  int dirfd;
  Name name;
  uint32_t flags, mode;
  explicit Openat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    flags = args.Uint32(2, "flags") | O_CLOEXEC;
    mode = args.Uint32(3, "mode");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return openat(dirfd, name.bytes, static_cast<int>(flags), mode); });
  }
};

struct Reopen {
  int fd;
  uint32_t flags;
  explicit Reopen(Args& args) : fd(args.Fd(0, "fd")), flags(args.Uint32(1, "flags") | O_CLOEXEC) {}
  int64_t Run() {
    // With O_NOFOLLOW the entry of /proc/self/fd itself would be refused as a link; with O_CREAT it could create.
    if ((flags & (O_NOFOLLOW | O_CREAT)) != 0) return -EINVAL;
    int directory = ProcFdDirectory();
    if (directory < 0) return directory;
    FdName name(fd);
    int64_t result = Errno([&] { return openat(directory, name.bytes, static_cast<int>(flags)); });
    // The directory lists no such descriptor.
    if (result == -ENOENT && fcntl(fd, F_GETFD) == -1) return -EBADF;
    return result;
  }
};

struct Close {
  int fd;
  explicit Close(Args& args) : fd(args.Fd(0, "fd")) {}
  // The descriptor is gone even when close() was interrupted: a second try could close another's.
  int64_t Run() { return close(fd) == -1 && errno != EINTR ? -errno : 0; }
};

struct GetFlags {
  int fd;
  explicit GetFlags(Args& args) : fd(args.Fd(0, "fd")) {}
  int64_t Run() {
    return Errno([&] { return fcntl(fd, F_GETFL); });
  }
};

struct SetFlags {
  int fd;
  uint32_t flags;
  explicit SetFlags(Args& args) : fd(args.Fd(0, "fd")), flags(args.Uint32(1, "flags")) {}
  int64_t Run() {
    return Errno([&] { return fcntl(fd, F_SETFL, static_cast<int>(flags)); });
  }
};

struct Umask {
  uint32_t mask;
  explicit Umask(Args& args) : mask(args.Uint32(0, "mask")) {}
  int64_t Run() { return umask(mask & 0777); }
};

struct DescriptorLimit {
  explicit DescriptorLimit(Args&) {}
  int64_t Run() {
    rlimit limit;
    int64_t result = Errno([&] { return getrlimit(RLIMIT_NOFILE, &limit); });
    if (result < 0) return result;
    return limit.rlim_cur > INT32_MAX ? INT32_MAX : static_cast<int64_t>(limit.rlim_cur);
  }
};

struct HasCapability {
  uint32_t capability;
  explicit HasCapability(Args& args) : capability(args.Uint32(0, "capability")) {}
  int64_t Run() {
    if (!cap_valid(capability)) return -EINVAL;
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    int64_t result = Errno([&] { return syscall(SYS_capget, &header, data); });
    if (result < 0) return result;
    return (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
  }
};

}  // namespace

void ExportOpen(Napi::Env env, Napi::Object exports) {
  Export<Openat2>(env, exports, "openat2", "openat2Async");
  Export<Openat>(env, exports, "openat", "openatAsync");
  Export<Reopen>(env, exports, "reopen", "reopenAsync");
  Export<Close>(env, exports, "close", "closeAsync");
  Export<GetFlags>(env, exports, "getFlags", "getFlagsAsync");
  Export<SetFlags>(env, exports, "setFlags", "setFlagsAsync");
  Export<Umask>(env, exports, "umask", "umaskAsync");
  Export<HasCapability>(env, exports, "hasCapability", "hasCapabilityAsync");
  Export<DescriptorLimit>(env, exports, "descriptorLimit", "descriptorLimitAsync");
}

}  // namespace hostfs
