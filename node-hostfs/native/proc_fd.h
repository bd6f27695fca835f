// /proc/self/fd, the way to an object whose O_PATH descriptor a system call does not take.
#pragma once

namespace hostfs {

// A descriptor of /proc/self/fd, opened once and held, or a negative errno where /proc is not mounted.
int ProcFdDirectory();

// The name of a descriptor within that directory.
struct FdName {
  explicit FdName(int fd);
  char bytes[12];
};

// The absolute path of a descriptor, for the calls that take no directory.
struct FdPath {
  explicit FdPath(int fd);
  char bytes[32];
};

}  // namespace hostfs
