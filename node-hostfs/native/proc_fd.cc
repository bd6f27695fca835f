#include "proc_fd.h"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>

namespace hostfs {

int ProcFdDirectory() {
  static const int fd = [] {
    int opened = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return opened < 0 ? -errno : opened;
  }();
  return fd;
}

FdName::FdName(int fd) { std::snprintf(bytes, sizeof bytes, "%d", fd); }

FdPath::FdPath(int fd) { std::snprintf(bytes, sizeof bytes, "/proc/self/fd/%d", fd); }

}  // namespace hostfs
