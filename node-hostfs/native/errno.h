// How system calls fail.
#pragma once

#include <cerrno>
#include <cstdint>

namespace hostfs {

// Makes a system call that reports failure by -1, again if a signal interrupted it. Returns 0 or more, or a negative errno.
template <typename Syscall>
int64_t Errno(Syscall syscall) {
  for (;;) {
    int64_t result = syscall();
    if (result != -1) return result;
    if (errno != EINTR) return -errno;
  }
}

}  // namespace hostfs
