#include "guest_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <cerrno>

#include "error.h"

namespace {

constexpr napi_type_tag kTag = {0x6b9c1c7a52fe4d0bULL, 0x9d1f03b6c2a84e75ULL};

constexpr uint64_t kHugePage = 2 * 1024 * 1024;

// Maps the descriptor, or anonymous pages for -1, at a multiple of the huge page size: KVM uses huge pages only where guest
// and host addresses agree in their low 21 bits. Returns MAP_FAILED with errno where that fails.
void* MapAligned(int fd, uint64_t size) {
  void* reserved = mmap(nullptr, size + kHugePage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return MAP_FAILED;
  auto* start = static_cast<uint8_t*>(reserved);
  uint64_t before = -reinterpret_cast<uint64_t>(start) % kHugePage;
  int kind = fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* address = mmap(start + before, size, PROT_READ | PROT_WRITE, kind | MAP_NORESERVE | MAP_FIXED, fd, 0);
  if (address == MAP_FAILED) {
    int error = errno;
    munmap(reserved, size + kHugePage);
    errno = error;
    return MAP_FAILED;
  }
  if (before != 0) munmap(start, before);
  munmap(start + before + size, kHugePage - before);
  return address;
}

std::shared_ptr<Mapping> MapPages(Napi::Env env, uint64_t size, UniqueFd fd) {
  void* address = MapAligned(fd.get(), size);
  if (address == MAP_FAILED) throw SystemError(env, errno, "mmap");
  // Hints: huge pages where the host allows them, no copying of page tables when a process is spawned, a name in maps.
  madvise(address, size, MADV_HUGEPAGE);
  madvise(address, size, MADV_DONTFORK);
  if (!fd.valid()) prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, size, "guest-memory");
  return std::make_shared<Mapping>(address, size, std::move(fd));
}

std::shared_ptr<Mapping> MapSealed(Napi::Env env, uint64_t size) {
  UniqueFd fd(memfd_create("guest-memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd.valid()) throw SystemError(env, errno, "memfd_create");
  if (ftruncate(fd.get(), static_cast<off_t>(size)) != 0) throw SystemError(env, errno, "ftruncate");
  // Nobody may cut the file under the mapping: touching a page beyond its end would be a SIGBUS.
  if (fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    throw SystemError(env, errno, "F_ADD_SEALS");
  }
  return MapPages(env, size, std::move(fd));
}

}  // namespace

Napi::Function GuestMemory::Define(Napi::Env env) {
  return DefineClass(env, "GuestMemory",
                     {InstanceAccessor<&GuestMemory::Fd>("fd"), InstanceMethod<&GuestMemory::Window>("window"),
                      InstanceMethod<&GuestMemory::Close>("close")});
}

GuestMemory::GuestMemory(const Napi::CallbackInfo& info) : Napi::ObjectWrap<GuestMemory>(info) {
  uint64_t size = SizeArgument(info, 0, "size");
  bool anonymous = info[1].ToBoolean();
  mapping_ = anonymous ? MapPages(info.Env(), size, UniqueFd()) : MapSealed(info.Env(), size);
  info.This().As<Napi::Object>().TypeTag(&kTag);
}

std::shared_ptr<Mapping> GuestMemory::MappingArgument(const Napi::CallbackInfo& info, size_t index,
                                                      const char* operation) {
  if (!info[index].IsObject() || !info[index].As<Napi::Object>().CheckTypeTag(&kTag)) {
    throw Napi::TypeError::New(info.Env(), "memory: a GuestMemory is needed");
  }
  std::shared_ptr<Mapping> mapping = Unwrap(info[index].As<Napi::Object>())->mapping_;
  if (mapping == nullptr) throw ClosedError(info.Env(), operation);
  return mapping;
}

Napi::Value GuestMemory::Fd(const Napi::CallbackInfo& info) {
  if (mapping_ == nullptr) throw ClosedError(info.Env(), "memfd_create");
  return Napi::Number::New(info.Env(), mapping_->fd());
}

Napi::Value GuestMemory::Window(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (mapping_ == nullptr) throw ClosedError(env, "mmap");
  uint64_t offset = SizeArgument(info, 0, "offset");
  uint64_t length = SizeArgument(info, 1, "length");
  if (length == 0 || offset >= mapping_->size() || length > mapping_->size() - offset) {
    throw Napi::RangeError::New(env, "window: outside the memory");
  }
  std::unique_ptr<ExternalBuffer>& window = windows_[offset];
  if (window == nullptr) {
    window = std::make_unique<ExternalBuffer>(env, mapping_->address() + offset, length, mapping_);
  } else if (window->length() != length) {
    throw Napi::RangeError::New(env, "window: there is one of another length at this offset");
  }
  return window->Value();
}

void GuestMemory::Close(const Napi::CallbackInfo& info) {
  for (auto& [offset, window] : windows_) {
    if (window != nullptr) window->Detach(info.Env());
  }
  windows_.clear();
  mapping_.reset();
}
