#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "unique_fd.h"

// Pages mapped from a descriptor or from none, unmapped when the last owner goes. `keeps_alive` is what they depend on.
class Mapping {
 public:
  Mapping(void* address, size_t size, UniqueFd fd, std::shared_ptr<void> keeps_alive = nullptr)
      : keeps_alive_(std::move(keeps_alive)), address_(static_cast<uint8_t*>(address)), size_(size), fd_(std::move(fd)) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() { munmap(address_, size_); }

  uint8_t* address() const { return address_; }
  size_t size() const { return size_; }
  int fd() const { return fd_.get(); }

 private:
  std::shared_ptr<void> keeps_alive_;
  uint8_t* address_;
  size_t size_;
  UniqueFd fd_;
};
