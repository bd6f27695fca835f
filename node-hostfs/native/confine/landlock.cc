// Which files the program may open, by path.
// @spec Linux landlock(7)
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "confine.h"

namespace confine {

namespace {

// Rights by the ABI version they came with, as numbers: the build host's header may be older than the kernel.
constexpr uint64_t kExecute = 1ULL << 0;
constexpr uint64_t kReadFile = 1ULL << 2;
constexpr uint64_t kReadDir = 1ULL << 3;
constexpr uint64_t kAbi1 = (1ULL << 13) - 1;
constexpr uint64_t kRefer = 1ULL << 13;     // 2
constexpr uint64_t kTruncate = 1ULL << 14;  // 3
constexpr uint64_t kIoctlDev = 1ULL << 15;  // 5
constexpr uint64_t kTcp = 3;                // 4: bind, connect
constexpr uint64_t kScoped = 3;             // 6: abstract sockets, signals

// What a regular file or a device can be granted; the rest is about directories.
constexpr uint64_t kFileRights = kExecute | (1ULL << 1) | kReadFile | kTruncate;

// The kernel takes as much of it as it knows of, and wants the rest to be zero.
struct RulesetAttributes {
  uint64_t files = 0;
  uint64_t network = 0;
  uint64_t scoped = 0;
};

void Allow(int ruleset, const std::string& path, uint64_t rights, bool must_exist) {
  int fd = open(path.c_str(), O_PATH | O_CLOEXEC);
  if (fd < 0) {
    if (must_exist) Fail("cannot open", path);
    return;
  }
  struct stat status;
  if (fstat(fd, &status) != 0) Fail("cannot look at", path);
  landlock_path_beneath_attr rule = {};
  rule.allowed_access = S_ISDIR(status.st_mode) ? rights : rights & kFileRights;
  rule.parent_fd = fd;
  if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
    Fail("Landlock does not take the rule for", path);
  }
  close(fd);
}

}  // namespace

int RestrictFiles(const Plan& plan) {
  long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  // The first version knows no right to rename between directories, and so refuses that always.
  if (abi < 2) return 0;
  RulesetAttributes attributes;
  attributes.files = kAbi1 | kRefer;
  if (abi >= 3) attributes.files |= kTruncate;
  if (abi >= 5) attributes.files |= kIoctlDev;
  if (abi >= 4) attributes.network = kTcp;
  if (abi >= 6) attributes.scoped = kScoped;
  int ruleset = static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0));
  if (ruleset < 0) Fail("Landlock has no ruleset", "");
  uint64_t reading = kReadFile | kReadDir;
  uint64_t writing = attributes.files & ~(kExecute | kIoctlDev);
  Allow(ruleset, plan.share, plan.writable ? writing : reading, true);
  Allow(ruleset, "/proc/self", reading, false);
  for (const std::string& path : plan.readable) Allow(ruleset, path, reading | kExecute, false);
  if (syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) Fail("Landlock cannot be put into force", "");
  close(ruleset);
  return static_cast<int>(abi);
}

}  // namespace confine
