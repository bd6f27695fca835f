// confine --share DIR [--writable] [--read PATH]... [--keep N]... [--files N] [--parent PID] [--no-mounts] -- PROGRAM ARGS
//
// What is in force is told to the program in the environment variable CONFINED: words of `landlock=ABI`, `no_new_privs`,
// `capabilities`, `mounts`, `limits`.
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "confine.h"

namespace confine {

namespace {

constexpr int kUsage = 2;
constexpr int kFailed = 125;
// 0 to 2, and one descriptor by which the program hears of its work.
constexpr unsigned kFirstUnwanted = 4;

[[noreturn]] void Usage(const char* why, const char* word) {
  std::fprintf(stderr, "confine: %s%s\n", why, word);
  std::exit(kUsage);
}

uint64_t Number(const char* word) {
  char* end = nullptr;
  errno = 0;
  unsigned long long value = std::strtoull(word, &end, 10);
  if (errno != 0 || end == word || *end != '\0') Usage("not a number: ", word);
  return value;
}

Plan ReadCommandLine(char** argv) {
  Plan plan;
  for (char** at = argv + 1; *at != nullptr; at++) {
    std::string option = *at;
    if (option == "--") {
      plan.program = at + 1;
      break;
    }
    if (option == "--writable") {
      plan.writable = true;
      continue;
    }
    if (option == "--no-mounts") {
      plan.mounts = false;
      continue;
    }
    const char* value = at[1];
    if (value == nullptr) Usage("a value is missing after ", *at);
    at++;
    if (option == "--share") plan.share = value;
    else if (option == "--read") plan.readable.push_back(value);
    else if (option == "--keep") plan.capabilities.push_back(static_cast<int>(Number(value)));
    else if (option == "--files") plan.files = Number(value);
    else if (option == "--parent") plan.parent = static_cast<int>(Number(value));
    else Usage("unknown option ", option.c_str());
  }
  if (plan.program == nullptr || *plan.program == nullptr) Usage("no program; write it after --", "");
  if (plan.share.empty() || plan.share[0] != '/') Usage("--share needs an absolute path", "");
  return plan;
}

void EndWithParent(const Plan& plan) {
  if (plan.parent == 0) return;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) Fail("PR_SET_PDEATHSIG", "");
  // It may have ended before this was asked for.
  if (getppid() != plan.parent) std::exit(kFailed);
}

}  // namespace

void Fail(const char* what, const std::string& subject) {
  std::fprintf(stderr, "confine: %s %s: %s\n", what, subject.c_str(), std::strerror(errno));
  std::exit(kFailed);
}

}  // namespace confine

int main(int, char** argv) {
  using namespace confine;
  Plan plan = ReadCommandLine(argv);
  EndWithParent(plan);
  syscall(SYS_close_range, kFirstUnwanted, ~0U, 0);
  bool mounts = plan.mounts && EnterOwnRoot(plan);
  if (!mounts && chdir("/") != 0) Fail("chdir", "/");
  LimitResources(plan);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Fail("PR_SET_NO_NEW_PRIVS", "");
  int abi = RestrictFiles(plan);
  DropCapabilities(plan);
  std::string confined = "no_new_privs capabilities limits";
  if (mounts) confined += " mounts";
  if (abi > 0) confined += " landlock=" + std::to_string(abi);
  setenv("CONFINED", confined.c_str(), 1);
  execv(plan.program[0], plan.program);
  Fail("cannot start", plan.program[0]);
}
