#include "spin.h"

namespace sockets {

namespace {

// So many requests in a row must have come soon: a single one says little about the next.
constexpr unsigned kWorthwhile = 3;

}  // namespace

Spin::Spin(napi_env env, uint64_t most_ns) : most_ns_(most_ns) {
  if (most_ns > 0) handle_ = LoopHandle::Idle(env, this);
}

Spin::~Spin() {
  if (handle_ != nullptr) handle_->Close();
}

void Spin::Arrived() {
  // Of what comes after one reply the first piece counts.
  if (handle_ == nullptr || !waiting_) return;
  waiting_ = false;
  if (uv_hrtime() - answered_at_ > most_ns_) soon_ = 0;
  else if (soon_ < kWorthwhile) soon_++;
}

void Spin::Answered() {
  if (handle_ == nullptr) return;
  answered_at_ = uv_hrtime();
  waiting_ = true;
  if (soon_ < kWorthwhile || active_) return;
  active_ = true;
  handle_->StartIdle();
}

void Spin::Ready(int) {
  if (uv_hrtime() - answered_at_ <= most_ns_) return;
  active_ = false;
  handle_->StopIdle();
}

void Spin::EnvironmentEnds() { handle_ = nullptr; }

}  // namespace sockets
