#include "kick_signal.h"

#include <csignal>

namespace {

// The signal only has to interrupt the system call.
void Ignore(int) {}

int Install() {
  for (int number = SIGRTMIN; number <= SIGRTMAX; number++) {
    struct sigaction current = {};
    if (sigaction(number, nullptr, &current) != 0) continue;
    if ((current.sa_flags & SA_SIGINFO) != 0 || current.sa_handler != SIG_DFL) continue;
    struct sigaction ours = {};
    ours.sa_handler = Ignore;
    sigfillset(&ours.sa_mask);
    if (sigaction(number, &ours, nullptr) == 0) return number;
  }
  return 0;
}

}  // namespace

int KickSignal() {
  static const int number = Install();
  return number;
}
