// Names in directories: making, linking, renaming and removing them.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "proc_fd.h"

namespace hostfs {

namespace {

struct Mkdirat {
  int dirfd;
  Name name;
  uint32_t mode;
  explicit Mkdirat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    mode = args.Uint32(2, "mode");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return mkdirat(dirfd, name.bytes, mode); });
  }
};

struct Mknodat {
  int dirfd;
  Name name;
  uint32_t mode;
  uint64_t dev;
  explicit Mknodat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    mode = args.Uint32(2, "mode");
    dev = args.Uint64(3, "dev");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return mknodat(dirfd, name.bytes, mode, dev); });
  }
};

struct Symlinkat {
  Name target;
  int dirfd;
  Name name;
  explicit Symlinkat(Args& args) {
    args.CopyName(0, "target", target);
    dirfd = args.DirFd(1, "dirfd");
    args.CopyName(2, "name", name);
  }
  int64_t Run() {
    if (target.too_long || name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return symlinkat(target.bytes, dirfd, name.bytes); });
  }
};

struct Readlinkat {
  int dirfd;
  Name name;
  Span out;
  explicit Readlinkat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    out = args.Bytes(2, "out", 1);
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    size_t length = out.length > INT32_MAX ? INT32_MAX : out.length;
    return Errno([&] { return readlinkat(dirfd, name.bytes, reinterpret_cast<char*>(out.data), length); });
  }
};

struct Linkat {
  int old_dirfd;
  Name old_name;
  int new_dirfd;
  Name new_name;
  int flags;
  explicit Linkat(Args& args) : old_dirfd(args.DirFd(0, "olddirfd")) {
    args.CopyName(1, "oldname", old_name);
    new_dirfd = args.DirFd(2, "newdirfd");
    args.CopyName(3, "newname", new_name);
    flags = args.Int32(4, "flags");
  }
  int64_t Run() {
    if (old_name.too_long || new_name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return linkat(old_dirfd, old_name.bytes, new_dirfd, new_name.bytes, flags); });
  }
};

struct LinkFd {
  int fd;
  int new_dirfd;
  Name new_name;
  explicit LinkFd(Args& args) : fd(args.Fd(0, "fd")), new_dirfd(args.DirFd(1, "newdirfd")) {
    args.CopyName(2, "newname", new_name);
  }
  int64_t Run() {
    if (new_name.too_long) return -ENAMETOOLONG;
    int64_t result = Errno([&] { return linkat(fd, "", new_dirfd, new_name.bytes, AT_EMPTY_PATH); });
    // AT_EMPTY_PATH takes CAP_DAC_READ_SEARCH, and the kernel reports its lack as ENOENT.
    if (result != -ENOENT) return result;
    int directory = ProcFdDirectory();
    if (directory < 0) return directory;
    FdName old_name(fd);
    return Errno([&] { return linkat(directory, old_name.bytes, new_dirfd, new_name.bytes, AT_SYMLINK_FOLLOW); });
  }
};

struct Unlinkat {
  int dirfd;
  Name name;
  int flags;
  explicit Unlinkat(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    flags = args.Int32(2, "flags");
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    return Errno([&] { return unlinkat(dirfd, name.bytes, flags); });
  }
};

struct Renameat2 {
  int old_dirfd;
  Name old_name;
  int new_dirfd;
  Name new_name;
  uint32_t flags;
  explicit Renameat2(Args& args) : old_dirfd(args.DirFd(0, "olddirfd")) {
    args.CopyName(1, "oldname", old_name);
    new_dirfd = args.DirFd(2, "newdirfd");
    args.CopyName(3, "newname", new_name);
    flags = args.Uint32(4, "flags");
  }
  int64_t Run() {
    if (old_name.too_long || new_name.too_long) return -ENAMETOOLONG;
    return Errno([&] {
      return syscall(SYS_renameat2, old_dirfd, old_name.bytes, new_dirfd, new_name.bytes, flags);
    });
  }
};

}  // namespace

void ExportNames(Napi::Env env, Napi::Object exports) {
  Export<Mkdirat>(env, exports, "mkdirat", "mkdiratAsync");
  Export<Mknodat>(env, exports, "mknodat", "mknodatAsync");
  Export<Symlinkat>(env, exports, "symlinkat", "symlinkatAsync");
  Export<Readlinkat>(env, exports, "readlinkat", "readlinkatAsync");
  Export<Linkat>(env, exports, "linkat", "linkatAsync");
  Export<LinkFd>(env, exports, "linkFd", "linkFdAsync");
  Export<Unlinkat>(env, exports, "unlinkat", "unlinkatAsync");
  Export<Renameat2>(env, exports, "renameat2", "renameat2Async");
}

}  // namespace hostfs
