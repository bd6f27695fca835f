// Objects by file handle: what the file system itself calls them, whatever their names are.
#include <fcntl.h>

#include <cstring>

#include "call.h"

namespace hostfs {

namespace {

// A file_handle with room for the longest that the kernel makes.
struct Handle {
  static constexpr size_t kHeader = sizeof(file_handle);
  static constexpr size_t kMost = kHeader + MAX_HANDLE_SZ;

  alignas(file_handle) uint8_t bytes[kMost] = {};

  file_handle* get() { return reinterpret_cast<file_handle*>(bytes); }
  size_t size() { return kHeader + get()->handle_bytes; }
};

struct NameToHandleAt {
  int dirfd;
  Name name;
  Span out;
  int flags;
  explicit NameToHandleAt(Args& args) : dirfd(args.DirFd(0, "dirfd")) {
    args.CopyName(1, "name", name);
    out = args.Bytes(2, "out", sizeof(int32_t) + Handle::kMost);
    flags = static_cast<int>(args.Uint32(3, "flags"));
  }
  int64_t Run() {
    if (name.too_long) return -ENAMETOOLONG;
    Handle handle;
    handle.get()->handle_bytes = MAX_HANDLE_SZ;
    int mount_id = 0;
    int64_t result = Errno([&] { return name_to_handle_at(dirfd, name.bytes, handle.get(), &mount_id, flags); });
    if (result < 0) return result;
    std::memcpy(out.data, &mount_id, sizeof mount_id);
    std::memcpy(out.data + sizeof mount_id, handle.bytes, handle.size());
    return static_cast<int64_t>(handle.size());
  }
};

struct OpenByHandleAt {
  int mount_fd;
  Handle handle;
  bool whole = false;
  int flags;
  explicit OpenByHandleAt(Args& args) : mount_fd(args.Fd(0, "mountFd")) {
    Span given = args.Bytes(1, "handle", Handle::kHeader);
    if (given.length <= Handle::kMost) {
      std::memcpy(handle.bytes, given.data, given.length);
      whole = handle.size() == given.length;
    }
    flags = static_cast<int>(args.Uint32(2, "flags") | O_CLOEXEC);
  }
  int64_t Run() {
    // The kernel would read as many bytes as the handle says it has.
    if (!whole) return -EINVAL;
    return Errno([&] { return open_by_handle_at(mount_fd, handle.get(), flags); });
  }
};

}  // namespace

void ExportHandle(Napi::Env env, Napi::Object exports) {
  Export<NameToHandleAt>(env, exports, "nameToHandleAt", "nameToHandleAtAsync");
  Export<OpenByHandleAt>(env, exports, "openByHandleAt", "openByHandleAtAsync");
}

}  // namespace hostfs
