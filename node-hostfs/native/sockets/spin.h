// Looking for the next request for a while before going to sleep, since falling asleep and being woken cost more than a
// short wait.
#pragma once

#include <cstdint>

#include "loop_handle.h"

namespace sockets {

// One for a listener and all its streams. While it is active the event loop does not sleep but goes on looking at
// everything it watches, so nobody is kept waiting.
//
// It becomes active when a reply is sent, if enough requests have come soon, within the limit, after the replies before them; one that
// is late halves their count. How many are enough doubles when it has been in vain and comes down again, one by one, when it has not; it
// goes on for a few times as long as requests usually take to come. So whoever rests, or is slow, or comes and goes, costs
// nothing, or little compared with what he is served.
class Spin final : private LoopHandle::Owner {
 public:
  // `most_ns`: the limit; 0 switches it off.
  Spin(napi_env env, uint64_t most_ns);
  ~Spin();
  Spin(const Spin&) = delete;

  // Bytes have come.
  void Arrived();
  // Bytes have been sent.
  void Answered();
  // Until when, by uv_hrtime, whoever has answered may look for more himself instead of leaving that to the event loop; 0 for not
  // at all. A slice of what the event loop would do, since nobody else is looked after meanwhile.
  uint64_t LookUntil() const;

 private:
  void Ready(int events) override;
  void EnvironmentEnds() override;
  // How long it goes on, in nanoseconds.
  uint64_t Patience() const;

  LoopHandle* handle_ = nullptr;
  const uint64_t most_ns_;
  uint64_t answered_at_ = 0;
  // The time from a reply to the next request, of those that came soon: a moving average.
  uint64_t usual_ns_;
  // Requests that came soon after a reply.
  unsigned soon_ = 0;
  unsigned enough_;
  // Nothing has come since the last reply.
  bool waiting_ = false;
  bool active_ = false;
};

}  // namespace sockets
