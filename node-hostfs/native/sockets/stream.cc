#include "stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../args.h"
#include "../errno.h"

namespace sockets {

using hostfs::Args;
using hostfs::Errno;
using hostfs::Span;

namespace {

Napi::Value Result(const Napi::CallbackInfo& info, int64_t result) {
  return Napi::Number::New(info.Env(), static_cast<double>(result));
}

template <typename T>
int64_t SetOption(int fd, int level, int name, T value) {
  return Errno([&] { return setsockopt(fd, level, name, &value, sizeof value); });
}

// What Args calls the method in its messages.
void* Called(const char* name) { return const_cast<char*>(name); }

// After so many unanswered questions, a second apart, a client is gone.
constexpr int kProbes = 10;

}  // namespace

Napi::Function Stream::Define(Napi::Env env) {
  return DefineClass(env, "SocketStream",
                     {
                         InstanceMethod<&Stream::OnReady>("onReady", napi_default, Called("stream.onReady")),
                         InstanceMethod<&Stream::Watch>("watch", napi_default, Called("stream.watch")),
                         InstanceMethod<&Stream::Receive>("receive", napi_default, Called("stream.receive")),
                         InstanceMethod<&Stream::ReceiveSoon>("receiveSoon", napi_default, Called("stream.receiveSoon")),
                         InstanceMethod<&Stream::Send>("send", napi_default, Called("stream.send")),
                         InstanceMethod<&Stream::Shutdown>("shutdown", napi_default, Called("stream.shutdown")),
                         InstanceMethod<&Stream::KeepAlive>("keepAlive", napi_default, Called("stream.keepAlive")),
                         InstanceMethod<&Stream::Close>("close", napi_default, Called("stream.close")),
                         InstanceAccessor<&Stream::Host>("host"),
                         InstanceAccessor<&Stream::Port>("port"),
                     });
}

Stream::Stream(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Stream>(info) {
  Adoption adopted = TakeAdoption(info.Env());
  fd_ = adopted.fd;
  peer_ = adopted.peer;
  spin_ = std::move(adopted.spin);
  // A reply is never followed by more that could be waited for.
  if (peer_.IsIp()) SetOption(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  try {
    handle_ = LoopHandle::Poll(info.Env(), fd_, this);
  } catch (...) {
    Release();
    throw;
  }
  // An open stream is not garbage: it may become ready.
  Ref();
}

Stream::~Stream() {
  Release();
  callback_.Clear();
}

void Stream::Release() {
  if (handle_ != nullptr) handle_->Close();
  handle_ = nullptr;
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  spin_.reset();
}

Napi::Value Stream::OnReady(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction()) throw Napi::TypeError::New(info.Env(), "hostfs.stream.onReady: argument 1 must be a function");
  if (fd_ >= 0) callback_.Set(info.Env(), info[0]);
  return info.Env().Undefined();
}

Napi::Value Stream::Watch(const Napi::CallbackInfo& info) {
  Args args(info);
  uint32_t events = args.Uint32(0, "events");
  if (handle_ != nullptr) handle_->Watch(static_cast<int>(events & (UV_READABLE | UV_WRITABLE)));
  return info.Env().Undefined();
}

Span Stream::Room(const Napi::CallbackInfo& info) { return Args(info).Part(0, "into"); }

Napi::Value Stream::Received(const Napi::CallbackInfo& info, int64_t got) {
  if (got > 0) spin_->Arrived();
  return Result(info, got);
}

Napi::Value Stream::Receive(const Napi::CallbackInfo& info) {
  Span into = Room(info);
  if (fd_ < 0) return Result(info, -EBADF);
  return Received(info, Errno([&] { return recv(fd_, into.data, into.length, MSG_DONTWAIT); }));
}

Napi::Value Stream::ReceiveSoon(const Napi::CallbackInfo& info) {
  Span into = Room(info);
  if (fd_ < 0) return Result(info, -EBADF);
  // The listener and one stream: another client would have to wait.
  uint64_t until = spin_.use_count() == 2 ? spin_->LookUntil() : 0;
  int64_t got = -EAGAIN;
  while (got == -EAGAIN && uv_hrtime() < until) got = Errno([&] { return recv(fd_, into.data, into.length, MSG_DONTWAIT); });
  return Received(info, got);
}

Napi::Value Stream::Send(const Napi::CallbackInfo& info) {
  Args args(info);
  std::vector<iovec> buffers = args.Vector(0, "buffers");
  if (fd_ < 0) return Result(info, -EBADF);
  msghdr message = {};
  message.msg_iov = buffers.data();
  message.msg_iovlen = buffers.size();
  int64_t sent = Errno([&] { return sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL); });
  if (sent > 0) spin_->Answered();
  return Result(info, sent);
}

Napi::Value Stream::Shutdown(const Napi::CallbackInfo& info) {
  if (fd_ < 0) return Result(info, -EBADF);
  return Result(info, Errno([&] { return shutdown(fd_, SHUT_WR); }));
}

Napi::Value Stream::KeepAlive(const Napi::CallbackInfo& info) {
  Args args(info);
  int idle = args.Int32(0, "idleSeconds");
  if (fd_ < 0) return Result(info, -EBADF);
  if (!peer_.IsIp()) return Result(info, 0);
  int64_t result = SetOption(fd_, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (result == 0) result = SetOption(fd_, IPPROTO_TCP, TCP_KEEPIDLE, idle);
  if (result == 0) result = SetOption(fd_, IPPROTO_TCP, TCP_KEEPINTVL, 1);
  if (result == 0) result = SetOption(fd_, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
  return Result(info, result);
}

Napi::Value Stream::Close(const Napi::CallbackInfo& info) {
  if (fd_ < 0) return info.Env().Undefined();
  Release();
  callback_.Clear();
  Unref();
  return info.Env().Undefined();
}

Napi::Value Stream::Host(const Napi::CallbackInfo& info) { return Napi::String::New(info.Env(), peer_.Host()); }

Napi::Value Stream::Port(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), peer_.Port()); }

void Stream::Ready(int events) {
  Napi::HandleScope scope(Env());
  // The function may close the stream and forget it; the handle keeps it until then.
  Napi::Object self = Value();
  callback_.Call(events);
}

// The handle closes itself. JavaScript is over, so nobody asks for the reference again.
void Stream::EnvironmentEnds() {
  handle_ = nullptr;
  Release();
}

}  // namespace sockets
