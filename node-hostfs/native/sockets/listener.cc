#include "listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../args.h"
#include "../errno.h"

namespace sockets {

using hostfs::Args;
using hostfs::Errno;

namespace {

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

void* Called(const char* name) { return const_cast<char*>(name); }

}  // namespace

Napi::Function Listener::Define(Napi::Env env) {
  return DefineClass(env, "SocketListener",
                     {
                         InstanceMethod<&Listener::OnReady>("onReady", napi_default, Called("listener.onReady")),
                         InstanceMethod<&Listener::Watch>("watch", napi_default, Called("listener.watch")),
                         InstanceMethod<&Listener::Accept>("accept", napi_default, Called("listener.accept")),
                         InstanceMethod<&Listener::Close>("close", napi_default, Called("listener.close")),
                         InstanceAccessor<&Listener::Port>("port"),
                     });
}

Listener::Listener(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Listener>(info) {
  Adoption adopted = TakeAdoption(info.Env());
  fd_ = adopted.fd;
  spin_ = std::move(adopted.spin);
  reserve_ = OpenReserve();
  try {
    handle_ = LoopHandle::Poll(info.Env(), fd_, this);
  } catch (...) {
    Release();
    throw;
  }
  Ref();
}

Listener::~Listener() {
  Release();
  callback_.Clear();
}

void Listener::Release() {
  if (handle_ != nullptr) handle_->Close();
  handle_ = nullptr;
  for (int* fd : {&fd_, &reserve_}) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
  }
  spin_.reset();
}

Napi::Value Listener::OnReady(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "hostfs.listener.onReady: argument 1 must be a function");
  if (fd_ >= 0) callback_.Set(info.Env(), info[0]);
  return info.Env().Undefined();
}

Napi::Value Listener::Watch(const Napi::CallbackInfo& info) {
  Args args(info);
  uint32_t events = args.Uint32(0, "events");
  if (handle_ != nullptr) handle_->Watch(static_cast<int>(events & UV_READABLE));
  return info.Env().Undefined();
}

Napi::Value Listener::Accept(const Napi::CallbackInfo& info) {
  const auto result = [&](int64_t value) { return Napi::Number::New(info.Env(), static_cast<double>(value)); };
  if (fd_ < 0) return result(-EBADF);
  Address peer;
  int64_t fd = Errno([&] {
    peer.length = sizeof peer.name;
    return accept4(fd_, peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (fd >= 0) {
    return Adopt(info.Env(), Environment::Of(info.Env()).stream, {static_cast<int>(fd), peer, spin_});
  }
  // A client that waited would wait for as long as this process has no descriptor to spare.
  if ((fd == -EMFILE || fd == -ENFILE) && !TurnAway()) return result(-ENOBUFS);
  return result(fd);
}

// Whether a client was let in for no longer than it takes to close the connection.
bool Listener::TurnAway() {
  if (reserve_ >= 0) close(reserve_);
  reserve_ = -1;
  int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0) close(fd);
  reserve_ = OpenReserve();
  return fd >= 0;
}

Napi::Value Listener::Close(const Napi::CallbackInfo& info) {
  if (fd_ < 0) return info.Env().Undefined();
  Release();
  callback_.Clear();
  Unref();
  return info.Env().Undefined();
}

Napi::Value Listener::Port(const Napi::CallbackInfo& info) {
  Address own;
  own.length = sizeof own.name;
  if (fd_ < 0 || getsockname(fd_, own.get(), &own.length) != 0) return Napi::Number::New(info.Env(), 0);
  return Napi::Number::New(info.Env(), own.Port());
}

void Listener::Ready(int events) {
  Napi::HandleScope scope(Env());
  Napi::Object self = Value();
  callback_.Call(events);
}

void Listener::EnvironmentEnds() {
  handle_ = nullptr;
  Release();
}

}  // namespace sockets
