#include "vcpu.h"

#include <cerrno>
#include <string>
#include <utility>

#include "error.h"
#include "ioctl.h"
#include "script_callback.h"

// How long exits that follow one another closely may keep the event loop from its other work.
static constexpr uint64_t kLongestTurnNs = 250'000;

Napi::Function Vcpu::Define(Napi::Env env) {
  return DefineClass(env, "Vcpu",
                     {InstanceAccessor<&Vcpu::RunPage>("runPage"), InstanceMethod<&Vcpu::Ioctl>("ioctl"),
                      InstanceMethod<&Vcpu::Start>("start"), InstanceMethod<&Vcpu::Resume>("resume"),
                      InstanceMethod<&Vcpu::Request>("request"),
                      InstanceMethod<&Vcpu::SetReferenced>("setReferenced"), InstanceMethod<&Vcpu::Close>("close")});
}

Napi::Value Vcpu::Create(Napi::Env env, std::shared_ptr<Mapping> run) {
  auto parts = Napi::External<std::shared_ptr<Mapping>>::New(env, &run);
  return env.GetInstanceData<InstanceData>()->vcpu_constructor.New({parts});
}

Vcpu::Vcpu(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<Vcpu>(info), environment_(Environment::Of(info.Env())) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Vcpu: made by createVcpu only");
  run_ = *info[0].As<Napi::External<std::shared_ptr<Mapping>>>().Data();
  run_page_ = std::make_unique<ExternalBuffer>(info.Env(), run_->address(), run_->size(), run_);
}

Vcpu::~Vcpu() {
  EndThread();
  environment_->Remove(this);
}

Napi::Value Vcpu::RunPage(const Napi::CallbackInfo& info) {
  Open(info.Env(), "mmap");
  return run_page_->Value();
}

Napi::Value Vcpu::Ioctl(const Napi::CallbackInfo& info) {
  return RunIoctl(info, kVcpuIoctls, Open(info.Env(), "ioctl").fd());
}

void Vcpu::Start(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Mapping& run = Open(env, "KVM_RUN");
  if (!info[0].IsString()) throw Napi::TypeError::New(env, "start: a name is needed");
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "start: a function is needed");
  if (thread_ != nullptr) throw Napi::Error::New(env, "start: the thread is running");
  auto wakeup = std::make_unique<LoopHandle<uv_async_t>>(environment_, [this] { OnWakeup(); });
  int error = wakeup->Open([](uv_loop_t* loop, uv_async_t* handle) {
    return uv_async_init(loop, handle, [](uv_async_t* async) { LoopHandle<uv_async_t>::Call(async); });
  });
  if (error != 0) throw SystemError(env, -error, "uv_async_init");
  uv_async_t* async = wakeup->handle();
  auto thread = std::make_unique<VcpuThread>(run.fd(), reinterpret_cast<kvm_run*>(run.address()),
                                             [async] { uv_async_send(async); });
  listener_ = Napi::Persistent(info[1].As<Napi::Function>());
  error = thread->Start(info[0].As<Napi::String>().Utf8Value().substr(0, 15).c_str());
  if (error != 0) {
    listener_.Reset();
    throw SystemError(env, error, "pthread_create");
  }
  wakeup_ = std::move(wakeup);
  thread_ = std::move(thread);
  environment_->Add(this);
}

void Vcpu::Resume(const Napi::CallbackInfo& info) { Running(info.Env(), "resume").Resume(); }

void Vcpu::Request(const Napi::CallbackInfo& info) {
  Running(info.Env(), "request").Ask(static_cast<VcpuThread::Request>(Uint32Argument(info, 0, "request")));
}

void Vcpu::SetReferenced(const Napi::CallbackInfo& info) {
  if (wakeup_ != nullptr) wakeup_->SetReferenced(info[0].ToBoolean());
}

void Vcpu::Close(const Napi::CallbackInfo& info) {
  if (run_ == nullptr) return;
  EndThread();
  listener_.Reset();
  run_page_->Detach(info.Env());
  run_.reset();
}

void Vcpu::CloseForTeardown() { EndThread(); }

void Vcpu::OnWakeup() {
  Napi::HandleScope scope(Env());
  // Keeps this object while script, which may close and forget it, runs.
  [[maybe_unused]] Napi::Value self = Value();
  uint64_t end = uv_hrtime() + kLongestTurnNs;
  do {
    if (!Deliver()) return;
  } while (thread_ != nullptr && uv_hrtime() < end && thread_->PollForEvent());
}

bool Vcpu::Deliver() {
  int error = 0;
  VcpuThread::Event event = thread_->TakeEvent(&error);
  if (event == VcpuThread::kNone) return false;
  Napi::Env env = Env();
  Napi::HandleScope scope(env);
  napi_value listener = listener_.Value();
  if (event == VcpuThread::kEnded) {
    EndThread();
    listener_.Reset();
  }
  napi_value arguments[] = {Napi::Number::New(env, event), Napi::Number::New(env, error)};
  CallScript(env, listener, arguments, 2);
  return true;
}

void Vcpu::EndThread() {
  if (thread_ == nullptr) return;
  // The thread uses the handle: it has to end first.
  thread_.reset();
  wakeup_.reset();
  environment_->Remove(this);
}

Mapping& Vcpu::Open(Napi::Env env, const char* operation) {
  if (run_ == nullptr) throw ClosedError(env, operation);
  return *run_;
}

VcpuThread& Vcpu::Running(Napi::Env env, const char* operation) {
  if (thread_ == nullptr) throw Napi::Error::New(env, std::string(operation) + ": there is no thread");
  return *thread_;
}
