// What the program may do beyond its user, and how much of the host it may take.
// @spec Linux capabilities(7), getrlimit(2)
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "confine.h"

namespace confine {

void DropCapabilities(const Plan& plan) {
  uint64_t keep = 0;
  for (int capability : plan.capabilities) keep |= 1ULL << (capability & 63);
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // Ends at the first the kernel does not know. Without CAP_SETPCAP the bounding set stays: then there is no privilege, and
  // no_new_privs sees to it that none comes.
  for (int capability = 0; capability < 64; capability++) {
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) break;
    if ((keep >> capability & 1) == 0) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) != 0) Fail("capget", "");
  for (int half = 0; half < 2; half++) {
    uint32_t kept = sets[half].permitted & static_cast<uint32_t>(keep >> (32 * half));
    sets[half].permitted = kept;
    sets[half].effective = kept;
    sets[half].inheritable = 0;
  }
  if (syscall(SYS_capset, &header, sets) != 0) Fail("capset", "");
}

void LimitResources(const Plan& plan) {
  rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0) Fail("RLIMIT_CORE", "");
  if (plan.files == 0) return;
  rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) Fail("RLIMIT_NOFILE", "");
  if (files.rlim_max == RLIM_INFINITY || files.rlim_max > plan.files) files.rlim_max = plan.files;
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) Fail("RLIMIT_NOFILE", "");
}

}  // namespace confine
