// Reading and writing in place, and getting what was written to the disk.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "call.h"

namespace hostfs {

namespace {

struct Preadv2 {
  int fd;
  std::vector<iovec> buffers;
  int64_t offset;
  int flags;
  explicit Preadv2(Args& args)
      : fd(args.Fd(0, "fd")),
        buffers(args.Vector(1, "buffers")),
        offset(args.Int64(2, "offset")),
        flags(args.Int32(3, "flags")) {}
  int64_t Run() {
    int count = static_cast<int>(buffers.size());
    return Errno([&] { return preadv2(fd, buffers.data(), count, offset, flags); });
  }
};

struct Pwritev2 {
  int fd;
  std::vector<iovec> buffers;
  int64_t offset;
  int flags;
  explicit Pwritev2(Args& args)
      : fd(args.Fd(0, "fd")),
        buffers(args.Vector(1, "buffers")),
        offset(args.Int64(2, "offset")),
        flags(args.Int32(3, "flags")) {}
  int64_t Run() {
    int count = static_cast<int>(buffers.size());
    return Errno([&] { return pwritev2(fd, buffers.data(), count, offset, flags); });
  }
};

struct Pread {
  int fd;
  Span into;
  int64_t offset;
  int flags;
  explicit Pread(Args& args)
      : fd(args.Fd(0, "fd")),
        into(args.Part(1, "into")),
        offset(args.Int64(4, "offset")),
        flags(args.Int32(5, "flags")) {}
  int64_t Run() {
    iovec buffer = {into.data, into.length};
    return Errno([&] { return preadv2(fd, &buffer, 1, offset, flags); });
  }
};

struct Pwrite {
  int fd;
  Span from;
  int64_t offset;
  int flags;
  explicit Pwrite(Args& args)
      : fd(args.Fd(0, "fd")),
        from(args.Part(1, "bytes")),
        offset(args.Int64(4, "offset")),
        flags(args.Int32(5, "flags")) {}
  int64_t Run() {
    iovec buffer = {from.data, from.length};
    return Errno([&] { return pwritev2(fd, &buffer, 1, offset, flags); });
  }
};

struct Fsync {
  int fd;
  explicit Fsync(Args& args) : fd(args.Fd(0, "fd")) {}
  int64_t Run() {
    return Errno([&] { return fsync(fd); });
  }
};

struct Fdatasync {
  int fd;
  explicit Fdatasync(Args& args) : fd(args.Fd(0, "fd")) {}
  int64_t Run() {
    return Errno([&] { return fdatasync(fd); });
  }
};

struct SyncFileRange {
  int fd;
  int64_t offset, length;
  uint32_t flags;
  explicit SyncFileRange(Args& args)
      : fd(args.Fd(0, "fd")),
        offset(args.Int64(1, "offset")),
        length(args.Int64(2, "length")),
        flags(args.Uint32(3, "flags")) {}
  int64_t Run() {
    return Errno([&] { return sync_file_range(fd, offset, length, flags); });
  }
};

// The hint is for whole pages: those that the bytes share with others stay as they are.
struct HugePages {
  Span bytes;
  explicit HugePages(Args& args) : bytes(args.Bytes(0, "bytes", 0)) {}
  int64_t Run() {
    auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    auto start = reinterpret_cast<uintptr_t>(bytes.data);
    uintptr_t first = (start + page - 1) / page * page;
    uintptr_t end = (start + bytes.length) / page * page;
    if (first >= end) return 0;
    return Errno([&] { return madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE); });
  }
};

}  // namespace

void ExportIo(Napi::Env env, Napi::Object exports) {
  Export<Preadv2>(env, exports, "preadv2", "preadv2Async");
  Export<Pwritev2>(env, exports, "pwritev2", "pwritev2Async");
  Export<Pread>(env, exports, "pread", "preadAsync");
  Export<Pwrite>(env, exports, "pwrite", "pwriteAsync");
  Export<HugePages>(env, exports, "hugePages", "hugePagesAsync");
  Export<Fsync>(env, exports, "fsync", "fsyncAsync");
  Export<Fdatasync>(env, exports, "fdatasync", "fdatasyncAsync");
  Export<SyncFileRange>(env, exports, "syncFileRange", "syncFileRangeAsync");
}

}  // namespace hostfs
