// A launcher that gives up what a program will not need, and then becomes that program. All of it is inherited by every
// thread the program ever starts, which a program cannot do for the threads it has already.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace confine {

// What the command line asks for.
struct Plan {
  std::string share;                // The one directory the program works on; absolute.
  bool writable = false;            // It may change what is in there.
  std::vector<std::string> readable;  // Files and directories it needs to run; absolute.
  std::vector<int> capabilities;    // The only ones to keep, as far as there are any.
  uint64_t files = 0;               // Most descriptors; 0 leaves the limit as it is.
  int parent = 0;                   // The process to end with; 0 for none.
  bool mounts = true;               // Whether to try for a mount namespace.
  char** program = nullptr;         // argv of the program, ended by nullptr.
};

// Ends this process with one line about what failed, and errno.
[[noreturn]] void Fail(const char* what, const std::string& subject);

// A root directory of its own that holds nothing but the share and what is readable, read-only. Needs CAP_SYS_ADMIN.
// @returns whether it was possible; once it has begun, a failure ends the process.
bool EnterOwnRoot(const Plan& plan);

// Landlock: no file but those of the plan, no TCP, no signals or abstract sockets to outside.
// @returns the ABI version in force; 0 where the kernel has none, or one too old to rename between directories.
int RestrictFiles(const Plan& plan);

// Reduces every capability set, the bounding set included, to those of the plan.
void DropCapabilities(const Plan& plan);

// No core dumps, and the plan's number of descriptors.
void LimitResources(const Plan& plan);

}  // namespace confine
