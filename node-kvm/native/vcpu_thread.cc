#include "vcpu_thread.h"

#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>

#include "kick_signal.h"

namespace {

constexpr size_t kStackBytes = 256 * 1024;

static_assert(std::atomic<uint32_t>::is_always_lock_free && sizeof(std::atomic<uint32_t>) == sizeof(uint32_t),
              "the doorbell is a futex");

void FutexWait(std::atomic<uint32_t>* word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

void FutexWake(std::atomic<uint32_t>* word) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

// Threads inherit the mask of their creator, so no signal can reach a new one before it blocks them.
class SignalsBlocked {
 public:
  explicit SignalsBlocked(int but) {
    sigset_t mask;
    sigfillset(&mask);
    sigdelset(&mask, but);
    pthread_sigmask(SIG_SETMASK, &mask, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

VcpuThread::VcpuThread(int fd, kvm_run* run, std::function<void()> notify)
    : fd_(fd), run_(run), notify_(std::move(notify)) {}

VcpuThread::~VcpuThread() {
  if (!started_) return;
  Ask(kStop);
  pthread_join(thread_, nullptr);
}

int VcpuThread::Start(const char* name) {
  int signal = KickSignal();
  if (signal == 0) return EAGAIN;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  int error;
  {
    SignalsBlocked blocked(signal);
    error = pthread_create(&thread_, &attributes, Main, this);
  }
  pthread_attr_destroy(&attributes);
  if (error != 0) return error;
  started_ = true;
  pthread_setname_np(thread_, name);
  return 0;
}

void VcpuThread::Resume() {
  answered_ = true;
  Ring(kResume);
}

// The order is the point: the request stands before immediate_exit does, and the thread clears immediate_exit before it
// looks for requests, so whichever comes first, it does not stay in the guest. The signal is for a vCPU already inside.
void VcpuThread::Ask(Request request) {
  doorbell_.fetch_or(request);
  SetImmediateExit(true);
  pthread_kill(thread_, KickSignal());
  if (thread_asleep_.load()) FutexWake(&doorbell_);
}

void VcpuThread::Ring(uint32_t bits) {
  doorbell_.fetch_or(bits);
  if (thread_asleep_.load()) FutexWake(&doorbell_);
}

VcpuThread::Event VcpuThread::TakeEvent(int* error) {
  uint32_t event = event_.exchange(kNone);
  if (event == kNone) return kNone;
  answered_ = false;
  *error = error_;
  return static_cast<Event>(event);
}

bool VcpuThread::PollForEvent() {
  if (!answered_) return false;
  owner_polling_.store(true);
  owner_spin_.Wait([this] { return event_.load() != kNone; });
  owner_polling_.store(false);
  // What was published while this said it was polling came without a notification.
  return event_.load() != kNone;
}

void* VcpuThread::Main(void* self) {
  static_cast<VcpuThread*>(self)->Loop();
  return nullptr;
}

void VcpuThread::Loop() {
  // KVM finishes the access of an answered exit at the next KVM_RUN only.
  bool unfinished = false;
  for (;;) {
    SetImmediateExit(false);
    uint32_t wanted = doorbell_.load();
    if ((wanted & (kStop | kPause | kKick)) != 0) {
      if (unfinished) {
        SetImmediateExit(true);
      } else if ((wanted & kStop) != 0) {
        break;
      } else {
        doorbell_.fetch_and(~uint32_t{kPause | kKick});
        if (!PublishAndPark((wanted & kPause) != 0 ? kPaused : kInterrupted)) break;
        continue;
      }
    }
    int error = EnterGuest();
    unfinished = false;
    if (error == EINTR || error == EAGAIN) continue;
    if (!PublishAndPark(error == 0 ? kExit : kRunFailed, error)) break;
    unfinished = error == 0;
  }
  Publish(kEnded, 0);
}

int VcpuThread::EnterGuest() { return ioctl(fd_, KVM_RUN, 0) < 0 ? errno : 0; }

bool VcpuThread::PublishAndPark(Event event, int error) {
  Publish(event, error);
  return Park();
}

void VcpuThread::Publish(Event event, int error) {
  error_ = error;
  event_.store(event);
  if (!owner_polling_.load()) notify_();
}

bool VcpuThread::Park() {
  thread_spin_.Wait([this] { return (doorbell_.load() & (kResume | kStop)) != 0; });
  for (;;) {
    thread_asleep_.store(true);
    uint32_t wanted = doorbell_.load();
    if ((wanted & (kResume | kStop)) == 0) FutexWait(&doorbell_, wanted);
    thread_asleep_.store(false);
    if ((wanted & kResume) != 0) {
      doorbell_.fetch_and(~uint32_t{kResume});
      return true;
    }
    if ((wanted & kStop) != 0) return false;
  }
}

void VcpuThread::SetImmediateExit(bool wanted) {
  __atomic_store_n(&run_->immediate_exit, static_cast<uint8_t>(wanted), __ATOMIC_SEQ_CST);
}
