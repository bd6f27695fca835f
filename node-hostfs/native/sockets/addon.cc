// The addon of sockets: listenUnix and listenTcp, whose listeners yield the streams.
#include <unistd.h>

#include "../args.h"
#include "address.h"
#include "environment.h"
#include "listener.h"
#include "stream.h"

namespace sockets {

using hostfs::Args;
using hostfs::Span;

Napi::Object Adopt(Napi::Env env, Napi::FunctionReference& constructor, Adoption adoption) {
  Environment& environment = Environment::Of(env);
  environment.adoption = &adoption;
  try {
    Napi::Object made = constructor.New({});
    environment.adoption = nullptr;
    return made;
  } catch (...) {
    // Where the constructor had come as far as taking it, it has closed it too.
    if (environment.adoption != nullptr) close(adoption.fd);
    environment.adoption = nullptr;
    throw;
  }
}

Adoption TakeAdoption(Napi::Env env) {
  Environment& environment = Environment::Of(env);
  if (environment.adoption == nullptr) {
    throw Napi::TypeError::New(env, "hostfs.sockets: made by listenUnix, listenTcp and accept alone");
  }
  Adoption taken = std::move(*environment.adoption);
  environment.adoption = nullptr;
  return taken;
}

namespace {

Napi::Value Listen(const Napi::CallbackInfo& info, const Address& address, uint32_t backlog, uint32_t poll_us) {
  auto spin = std::make_shared<Spin>(info.Env(), uint64_t{poll_us} * 1000);
  int fd = ListenOn(address, static_cast<int>(backlog));
  if (fd < 0) return Napi::Number::New(info.Env(), fd);
  return Adopt(info.Env(), Environment::Of(info.Env()).listener, {fd, address, std::move(spin)});
}

Napi::Value ListenUnix(const Napi::CallbackInfo& info) {
  Args args(info);
  Span path = args.Bytes(0, "path", 0);
  uint32_t backlog = args.Uint32(1, "backlog"), poll_us = args.Uint32(2, "pollUs");
  Address address;
  if (!Address::FromPath(reinterpret_cast<const char*>(path.data), path.length, address)) {
    throw Napi::RangeError::New(info.Env(), "hostfs.sockets.listenUnix: argument 1 (path) must have 1 to 107 bytes");
  }
  return Listen(info, address, backlog, poll_us);
}

Napi::Value ListenTcp(const Napi::CallbackInfo& info) {
  Args args(info);
  if (!info[0].IsString()) throw Napi::TypeError::New(info.Env(), "hostfs.sockets.listenTcp: argument 1 (host) must be a string");
  uint32_t port = args.Uint32(1, "port"), backlog = args.Uint32(2, "backlog"), poll_us = args.Uint32(3, "pollUs");
  Address address;
  if (port > UINT16_MAX || !Address::FromIp(info[0].As<Napi::String>().Utf8Value(), static_cast<uint16_t>(port), address)) {
    throw Napi::RangeError::New(info.Env(), "hostfs.sockets.listenTcp: arguments 1 and 2 must be an IP address and a port");
  }
  return Listen(info, address, backlog, poll_us);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  Environment* environment = new Environment();
  environment->stream = Napi::Persistent(Stream::Define(env));
  environment->listener = Napi::Persistent(Listener::Define(env));
  env.SetInstanceData(environment);
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&), const char* called) {
    exports.Set(name, Napi::Function::New(env, function, name, const_cast<char*>(called)));
  };
  add("listenUnix", ListenUnix, "sockets.listenUnix");
  add("listenTcp", ListenTcp, "sockets.listenTcp");
  return exports;
}

}  // namespace

NODE_API_MODULE(sockets, Init)

}  // namespace sockets
