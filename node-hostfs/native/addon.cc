// The addon: every call of every group.
#include "call.h"
#include "proc_fd.h"

namespace hostfs {

namespace {

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  ProcFdDirectory();  // Opened now, so that no call later finds the process out of descriptors.
  ExportOpen(env, exports);
  ExportHandle(env, exports);
  ExportDirectory(env, exports);
  ExportNames(env, exports);
  ExportAttributes(env, exports);
  ExportXattr(env, exports);
  ExportIo(env, exports);
  ExportLock(env, exports);
  ExportSeccomp(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(hostfs, Init)

}  // namespace hostfs
