// Looking for the next request for a while before going to sleep, since falling asleep and being woken cost more than a
// short wait.
#pragma once

#include <cstdint>

#include "loop_handle.h"

namespace sockets {

// One for a listener and all its streams. While it is active the event loop does not sleep but goes on looking at
// everything it watches, so nobody is kept waiting. It becomes active when a reply is sent, and only where the requests
// before came within the limit after their replies: whoever rests, or is slow, costs nothing.
class Spin final : private LoopHandle::Owner {
 public:
  // `most_ns` of 0 switches it off.
  Spin(napi_env env, uint64_t most_ns);
  ~Spin();
  Spin(const Spin&) = delete;

  // Bytes have come.
  void Arrived();
  // Bytes have been sent.
  void Answered();

 private:
  void Ready(int events) override;
  void EnvironmentEnds() override;

  LoopHandle* handle_ = nullptr;
  const uint64_t most_ns_;
  uint64_t answered_at_ = 0;
  // Requests in a row that came soon after a reply.
  unsigned soon_ = 0;
  bool waiting_ = false;
  bool active_ = false;
};

}  // namespace sockets
