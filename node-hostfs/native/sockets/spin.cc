#include "spin.h"

#include <algorithm>

namespace sockets {

namespace {

constexpr unsigned kLeastEnough = 3;
constexpr unsigned kMostEnough = 64;
// It gives up after so many times the usual time.
constexpr uint64_t kPatience = 8;
// The moving average takes up one part in so many of each new time.
constexpr uint64_t kMemory = 8;
// What everything else may have to wait longer.
constexpr uint64_t kSliceNs = 50'000;

}  // namespace

Spin::Spin(napi_env env, uint64_t most_ns) : most_ns_(most_ns), usual_ns_(most_ns), enough_(kLeastEnough) {
  if (most_ns > 0) handle_ = LoopHandle::Idle(env, this);
}

Spin::~Spin() {
  if (handle_ != nullptr) handle_->Close();
}

void Spin::Arrived() {
  // Of what comes after one reply the first piece counts.
  if (handle_ == nullptr || !waiting_) return;
  waiting_ = false;
  uint64_t took = uv_hrtime() - answered_at_;
  if (took > most_ns_) {
    // One that is late, as on a busy host some are, is not the end of all trust.
    soon_ /= 2;
    return;
  }
  usual_ns_ = usual_ns_ - usual_ns_ / kMemory + took / kMemory;
  if (soon_ < 2 * kMostEnough) soon_++;
  if (active_ && enough_ > kLeastEnough) enough_--;
}

void Spin::Answered() {
  if (handle_ == nullptr) return;
  answered_at_ = uv_hrtime();
  waiting_ = true;
  if (soon_ < enough_ || active_) return;
  active_ = true;
  handle_->StartIdle();
}

uint64_t Spin::Patience() const { return std::min(most_ns_, kPatience * usual_ns_); }

uint64_t Spin::LookUntil() const { return active_ && waiting_ ? answered_at_ + std::min(Patience(), kSliceNs) : 0; }

void Spin::Ready(int) {
  if (uv_hrtime() - answered_at_ <= Patience()) return;
  active_ = false;
  handle_->StopIdle();
  // What was sent last may have been no reply that anything follows: that is no reason to trust it less.
  if (!waiting_) return;
  soon_ /= 2;
  enough_ = std::min(2 * enough_, kMostEnough);
}

void Spin::EnvironmentEnds() { handle_ = nullptr; }

}  // namespace sockets
