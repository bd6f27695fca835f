#pragma once

#include <linux/kvm.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "brief_spin.h"

// The thread that runs one vCPU. It knows nothing of JavaScript: it publishes one event at a time, calls `notify`, and
// waits for the owner's answer. All public methods are for the one thread that owns this object.
class VcpuThread {
 public:
  // What the thread has to tell; native.ts has the same numbers.
  enum Event : uint32_t { kNone = 0, kExit = 1, kRunFailed = 2, kInterrupted = 3, kPaused = 4, kEnded = 5 };

  // What its owner wants, as bits of one futex word; native.ts has the same numbers.
  enum Request : uint32_t { kResume = 1, kPause = 2, kStop = 4, kKick = 8 };

  // `fd` and `run` stay the owner's and must outlive the thread; `notify` is called on the thread.
  VcpuThread(int fd, kvm_run* run, std::function<void()> notify);
  VcpuThread(const VcpuThread&) = delete;
  VcpuThread& operator=(const VcpuThread&) = delete;
  // Stops the thread and waits for its end.
  ~VcpuThread();

  // Returns 0 or an errno.
  int Start(const char* name);
  // Answers the event that waits.
  void Resume();
  // Asks for kPause, kStop or kKick and brings the vCPU out of the guest.
  void Ask(Request request);
  // The event that waits to be told, once; `error` is the errno of kRunFailed.
  Event TakeEvent(int* error);
  // Waits a moment for the next event after an answer; true where there is one to take.
  bool PollForEvent();

 private:
  static void* Main(void* self);
  void Loop();
  // False where the thread has to end.
  bool PublishAndPark(Event event, int error = 0);
  bool Park();
  void Publish(Event event, int error);
  void SetImmediateExit(bool wanted);
  void Ring(uint32_t bits);
  int EnterGuest();

  const int fd_;
  kvm_run* const run_;
  const std::function<void()> notify_;
  std::atomic<uint32_t> doorbell_{0};
  std::atomic<uint32_t> event_{kNone};
  int error_ = 0;
  // Each side tells the other whether a wake-up call is needed.
  std::atomic<bool> thread_asleep_{false};
  std::atomic<bool> owner_polling_{false};
  BriefSpin thread_spin_;
  BriefSpin owner_spin_;
  bool answered_ = true;
  pthread_t thread_{};
  bool started_ = false;
};
