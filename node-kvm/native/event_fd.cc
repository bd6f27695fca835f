#include "event_fd.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "error.h"
#include "script_callback.h"

Napi::Function EventFd::Define(Napi::Env env) {
  return DefineClass(env, "EventFd",
                     {InstanceAccessor<&EventFd::Fd>("fd"), InstanceMethod<&EventFd::Signal>("signal"),
                      InstanceMethod<&EventFd::Read>("read"), InstanceMethod<&EventFd::Listen>("listen"),
                      InstanceMethod<&EventFd::SetReferenced>("setReferenced"),
                      InstanceMethod<&EventFd::Close>("close")});
}

EventFd::EventFd(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<EventFd>(info), environment_(Environment::Of(info.Env())) {
  fd_ = UniqueFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd_.valid()) throw SystemError(info.Env(), errno, "eventfd");
}

EventFd::~EventFd() {
  poll_.reset();
  environment_->Remove(this);
}

Napi::Value EventFd::Fd(const Napi::CallbackInfo& info) {
  CheckOpen(info.Env(), "eventfd");
  return Napi::Number::New(info.Env(), fd_.get());
}

void EventFd::Signal(const Napi::CallbackInfo& info) {
  CheckOpen(info.Env(), "write");
  uint64_t count = Uint64Argument(info, 0, "count");
  if (write(fd_.get(), &count, sizeof count) != sizeof count) throw SystemError(info.Env(), errno, "write");
}

Napi::Value EventFd::Read(const Napi::CallbackInfo& info) {
  CheckOpen(info.Env(), "read");
  uint64_t count = 0;
  int error = Take(&count);
  if (error != 0 && error != EAGAIN) throw SystemError(info.Env(), error, "read");
  return Napi::BigInt::New(info.Env(), count);
}

void EventFd::Listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  CheckOpen(env, "uv_poll_start");
  if (!info[0].IsFunction()) {
    StopListening();
    return;
  }
  if (poll_ == nullptr) StartPolling(env);
  callback_ = Napi::Persistent(info[0].As<Napi::Function>());
}

void EventFd::SetReferenced(const Napi::CallbackInfo& info) {
  referenced_ = info[0].ToBoolean();
  if (poll_ != nullptr) poll_->SetReferenced(referenced_);
}

void EventFd::Close(const Napi::CallbackInfo&) {
  StopListening();
  fd_.Reset();
}

void EventFd::StartPolling(Napi::Env env) {
  auto poll = std::make_unique<LoopHandle<uv_poll_t>>(environment_, [this] { OnReadable(); });
  int error = poll->Open([this](uv_loop_t* loop, uv_poll_t* handle) { return uv_poll_init(loop, handle, fd_.get()); });
  if (error == 0) {
    error = uv_poll_start(poll->handle(), UV_READABLE,
                          [](uv_poll_t* handle, int, int) { LoopHandle<uv_poll_t>::Call(handle); });
  }
  if (error != 0) throw SystemError(env, -error, "uv_poll_start");
  poll->SetReferenced(referenced_);
  poll_ = std::move(poll);
  environment_->Add(this);
  // While it listens, it may not be collected.
  Ref();
}

void EventFd::StopListening() {
  if (poll_ == nullptr) return;
  poll_.reset();
  environment_->Remove(this);
  callback_.Reset();
  Unref();
}

void EventFd::CloseForTeardown() { poll_.reset(); }

void EventFd::OnReadable() {
  uint64_t count = 0;
  if (Take(&count) != 0) return;
  Napi::Env env = Env();
  Napi::HandleScope scope(env);
  napi_value arguments[] = {Napi::BigInt::New(env, count)};
  CallScript(env, callback_.Value(), arguments, 1);
}

int EventFd::Take(uint64_t* count) { return read(fd_.get(), count, sizeof *count) == sizeof *count ? 0 : errno; }

void EventFd::CheckOpen(Napi::Env env, const char* operation) {
  if (!fd_.valid()) throw ClosedError(env, operation);
}
