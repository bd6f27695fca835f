// A root directory in which there is nothing but what the program needs. Landlock decides about opening files; this is
// about everything else that takes a path: chmod, chown, utimes, attributes, stat.
// @spec Linux mount_namespaces(7), open_tree(2), move_mount(2), mount_setattr(2), pivot_root(2)
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "confine.h"

// From <sys/mount.h>, which cannot be had together with <linux/mount.h> on every C library.
extern "C" int mount(const char*, const char*, const char*, unsigned long, const void*) noexcept;
extern "C" int umount2(const char*, int) noexcept;

namespace confine {

namespace {

constexpr unsigned long kPrivate = 1UL << 18;
constexpr unsigned long kRecursive = 1UL << 14;
constexpr unsigned long kReadOnly = 1, kNoSuid = 2, kNoDev = 4, kRemount = 32;
constexpr int kDetach = 2;
constexpr unsigned kAtRecursive = 0x8000;
// Where the new root is put together; any directory will do, since all that goes into it is held open before.
constexpr const char* kBase = "/proc";

// A place of the new root and what is to be seen there.
struct Piece {
  std::string path;
  int tree = -1;
  bool directory = false;
};

// Holds a copy of the mounts at and below a path. Without the path there is nothing to copy.
bool Copy(const std::string& path, bool writable, bool recursive, Piece& piece) {
  unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? kAtRecursive : 0);
  piece.path = path;
  piece.tree = static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags));
  if (piece.tree < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    Fail("cannot copy the mount of", path);
  }
  struct stat status;
  if (fstat(piece.tree, &status) != 0) Fail("cannot look at", path);
  piece.directory = S_ISDIR(status.st_mode);
  mount_attr attributes = {};
  attributes.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (writable ? 0 : MOUNT_ATTR_RDONLY);
  attributes.propagation = kPrivate;
  unsigned at = AT_EMPTY_PATH | (recursive ? kAtRecursive : 0);
  if (syscall(SYS_mount_setattr, piece.tree, "", at, &attributes, sizeof attributes) != 0) {
    Fail("cannot restrict the mount of", path);
  }
  return true;
}

// Makes the directories above a place, and the place itself, in the new root.
void MakePlace(const Piece& piece, const std::string& target) {
  for (size_t slash = std::strlen(kBase) + 1; slash != std::string::npos; slash = target.find('/', slash + 1)) {
    std::string above = target.substr(0, slash);
    if (mkdir(above.c_str(), 0755) != 0 && errno != EEXIST) return;
  }
  if (piece.directory) {
    mkdir(target.c_str(), 0755);
  } else {
    int fd = open(target.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0444);
    if (fd >= 0) close(fd);
  }
}

void Place(const Piece& piece) {
  std::string target = kBase + piece.path;
  // What lies in another piece is there already, and a file system that cannot be written has no new places.
  MakePlace(piece, target);
  if (syscall(SYS_move_mount, piece.tree, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
    Fail("cannot show in the new root", piece.path);
  }
  close(piece.tree);
}

}  // namespace

bool EnterOwnRoot(const Plan& plan) {
  if (unshare(CLONE_NEWNS) != 0) return false;
  if (mount(nullptr, "/", nullptr, kPrivate | kRecursive, nullptr) != 0) Fail("cannot make private", "/");
  std::vector<Piece> pieces;
  Piece piece;
  for (const std::string& path : plan.readable) {
    if (Copy(path, false, false, piece)) pieces.push_back(piece);
  }
  if (Copy("/proc", false, false, piece)) pieces.push_back(piece);
  // Last, so that it is seen whatever else is said to be at its path or above.
  if (!Copy(plan.share, plan.writable, true, piece)) Fail("cannot find", plan.share);
  pieces.push_back(piece);
  if (mount("confine", kBase, "tmpfs", kNoSuid | kNoDev, "mode=755,size=64k") != 0) Fail("cannot make a", "tmpfs");
  for (const Piece& ready : pieces) Place(ready);
  if (chdir(kBase) != 0) Fail("chdir", kBase);
  if (mount(nullptr, ".", nullptr, kRemount | 4096 | kReadOnly | kNoSuid | kNoDev, nullptr) != 0) {
    Fail("cannot make read-only", "the new root");
  }
  // The old root ends up on top of the new one, from where it can be taken off.
  if (syscall(SYS_pivot_root, ".", ".") != 0) Fail("cannot change", "the root");
  if (umount2(".", kDetach) != 0) Fail("cannot leave", "the old root");
  if (chdir("/") != 0) Fail("chdir", "/");
  return true;
}

}  // namespace confine
