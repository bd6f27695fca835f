#pragma once

#include <sched.h>

#include <chrono>

// Waits for a moment without sleeping. Waking a sleeping thread on another processor costs more than most answers take,
// and far more inside a virtual machine. A spin that was in vain is not repeated for the next few waits.
class BriefSpin {
 public:
  // True where `done` became true; false where it is time to sleep.
  template <typename Done>
  bool Wait(Done done) {
    if (rest_ > 0) {
      rest_--;
      return false;
    }
    auto end = std::chrono::steady_clock::now() + kLongest;
    do {
      for (int turn = 0; turn < 32; turn++) {
        if (done()) return true;
        __builtin_ia32_pause();
      }
      sched_yield();
    } while (std::chrono::steady_clock::now() < end);
    rest_ = kRest;
    return false;
  }

 private:
  static constexpr std::chrono::microseconds kLongest{80};
  static constexpr int kRest = 15;

  int rest_ = 0;
};
