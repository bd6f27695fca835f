// One system call, declared once, callable at once or on libuv's thread pool.
//
// A call is a struct whose constructor reads its arguments (and may throw into JavaScript) and whose Run() makes the
// system call (and touches no JavaScript). Run() returns 0 or more, or a negative errno.
#pragma once

#include <memory>

#include "args.h"
#include "errno.h"

namespace hostfs {

template <typename Call>
Napi::Value CallNow(const Napi::CallbackInfo& info) {
  Args args(info);
  Call call(args);
  return Napi::Number::New(info.Env(), static_cast<double>(call.Run()));
}

// A call on its way through the thread pool. It owns itself from Queue() until the pool is done with it.
template <typename Call>
class PendingCall {
 public:
  PendingCall(Napi::Env env, Args& args) : env_(env), call_(args) {}

  Napi::Value Queue(const Args& args) {
    napi_value promise;
    napi_value name;
    // The caller may change its array of buffers while the call runs: the buffers themselves are what must stay.
    Napi::Array pinned = Napi::Array::New(env_, args.handed_out().size());
    uint32_t index = 0;
    for (napi_value value : args.handed_out()) pinned.Set(index++, value);
    Check(napi_create_string_utf8(env_, "hostfs", NAPI_AUTO_LENGTH, &name));
    Check(napi_create_reference(env_, pinned, 1, &pinned_));
    Check(napi_create_async_work(env_, nullptr, name, Execute, Complete, this, &work_));
    Check(napi_create_promise(env_, &deferred_, &promise));
    Check(napi_queue_async_work(env_, work_));
    return Napi::Value(env_, promise);
  }

  ~PendingCall() {
    if (work_ != nullptr) napi_delete_async_work(env_, work_);
    if (pinned_ != nullptr) napi_delete_reference(env_, pinned_);
  }

 private:
  void Check(napi_status status) const {
    if (status != napi_ok) throw Napi::Error::New(env_);
  }

  static void Execute(napi_env, void* data) {
    PendingCall* self = static_cast<PendingCall*>(data);
    self->result_ = self->call_.Run();
  }

  static void Complete(napi_env env, napi_status status, void* data) {
    std::unique_ptr<PendingCall> self(static_cast<PendingCall*>(data));
    double result = static_cast<double>(status == napi_cancelled ? -ECANCELED : self->result_);
    napi_value value;
    if (napi_create_double(env, result, &value) == napi_ok) napi_resolve_deferred(env, self->deferred_, value);
  }

  Napi::Env env_;
  Call call_;
  int64_t result_ = 0;
  napi_async_work work_ = nullptr;
  napi_deferred deferred_ = nullptr;
  napi_ref pinned_ = nullptr;
};

template <typename Call>
Napi::Value CallInPool(const Napi::CallbackInfo& info) {
  Args args(info, true);
  auto pending = std::make_unique<PendingCall<Call>>(info.Env(), args);
  Napi::Value promise = pending->Queue(args);
  pending.release();
  return promise;
}

// Exports a call as `name`, and its pool variant as `nameAsync`. Both names must live as long as the process.
template <typename Call>
void Export(Napi::Env env, Napi::Object exports, const char* name, const char* async_name) {
  exports.Set(name, Napi::Function::New(env, CallNow<Call>, name, const_cast<char*>(name)));
  exports.Set(async_name, Napi::Function::New(env, CallInPool<Call>, async_name, const_cast<char*>(async_name)));
}

void ExportOpen(Napi::Env env, Napi::Object exports);
void ExportHandle(Napi::Env env, Napi::Object exports);
void ExportDirectory(Napi::Env env, Napi::Object exports);
void ExportNames(Napi::Env env, Napi::Object exports);
void ExportAttributes(Napi::Env env, Napi::Object exports);
void ExportXattr(Napi::Env env, Napi::Object exports);
void ExportIo(Napi::Env env, Napi::Object exports);
void ExportLock(Napi::Env env, Napi::Object exports);
void ExportSeccomp(Napi::Env env, Napi::Object exports);

}  // namespace hostfs
