// Extended attributes of the object behind any descriptor, O_PATH ones included.
//
// The f*xattr calls refuse O_PATH descriptors. The path /proc/self/fd/N leads to the object of descriptor N and no
// further: if that is a symbolic link, the attributes are the link's own.
#include <sys/xattr.h>

#include <fcntl.h>

#include <cstring>
#include <string>

#include "call.h"
#include "proc_fd.h"

namespace hostfs {

namespace {

// A descriptor that is not open has no entry in /proc/self/fd.
int64_t OrBadFd(int fd, int64_t result) {
  return result == -ENOENT && fcntl(fd, F_GETFD) == -1 ? -EBADF : result;
}

struct Getxattr {
  int fd;
  Name name;
  Span out;
  explicit Getxattr(Args& args) : fd(args.Fd(0, "fd")) {
    args.CopyName(1, "name", name);
    out = args.Bytes(2, "out", 0);
  }
  int64_t Run() {
    if (name.too_long) return -ERANGE;
    FdPath path(fd);
    return OrBadFd(fd, Errno([&] { return getxattr(path.bytes, name.bytes, out.data, out.length); }));
  }
};

struct GetxattrAt {
  int dirfd;
  Name name, attribute;
  Span out;
  explicit GetxattrAt(Args& args) : dirfd(args.Fd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    args.CopyName(2, "attribute", attribute);
    out = args.Bytes(3, "out", 0);
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    if (attribute.too_long) return -ERANGE;
    // What is below the descriptor by more than one name could lead anywhere.
    if (name.bytes[0] == 0 || std::strchr(name.bytes, '/') != nullptr) return -EINVAL;
    std::string path = std::string(FdPath(dirfd).bytes) + "/" + name.bytes;
    return OrBadFd(dirfd, Errno([&] { return lgetxattr(path.c_str(), attribute.bytes, out.data, out.length); }));
  }
};

struct Setxattr {
  int fd;
  Name name;
  Span value;
  int flags;
  explicit Setxattr(Args& args) : fd(args.Fd(0, "fd")) {
    args.CopyName(1, "name", name);
    value = args.Bytes(2, "value", 0);
    flags = args.Int32(3, "flags");
  }
  int64_t Run() {
    if (name.too_long) return -ERANGE;
    FdPath path(fd);
    return OrBadFd(fd, Errno([&] { return setxattr(path.bytes, name.bytes, value.data, value.length, flags); }));
  }
};

struct Listxattr {
  int fd;
  Span out;
  explicit Listxattr(Args& args) : fd(args.Fd(0, "fd")), out(args.Bytes(1, "out", 0)) {}
  int64_t Run() {
    FdPath path(fd);
    char* data = reinterpret_cast<char*>(out.data);
    return OrBadFd(fd, Errno([&] { return listxattr(path.bytes, data, out.length); }));
  }
};

struct Removexattr {
  int fd;
  Name name;
  explicit Removexattr(Args& args) : fd(args.Fd(0, "fd")) { args.CopyName(1, "name", name); }
  int64_t Run() {
    if (name.too_long) return -ERANGE;
    FdPath path(fd);
    return OrBadFd(fd, Errno([&] { return removexattr(path.bytes, name.bytes); }));
  }
};

}  // namespace

void ExportXattr(Napi::Env env, Napi::Object exports) {
  Export<Getxattr>(env, exports, "getxattr", "getxattrAsync");
  Export<GetxattrAt>(env, exports, "getxattrAt", "getxattrAtAsync");
  Export<Setxattr>(env, exports, "setxattr", "setxattrAsync");
  Export<Listxattr>(env, exports, "listxattr", "listxattrAsync");
  Export<Removexattr>(env, exports, "removexattr", "removexattrAsync");
}

}  // namespace hostfs
