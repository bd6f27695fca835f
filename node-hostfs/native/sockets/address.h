// Socket addresses, and sockets that listen on them.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

namespace sockets {

// The name of one end of a socket.
struct Address {
  sockaddr_storage name = {};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&name); }
  bool IsIp() const { return name.ss_family == AF_INET || name.ss_family == AF_INET6; }
  // The IP address as text; empty for any other family.
  std::string Host() const;
  // The port; 0 for any other family.
  int Port() const;

  static bool FromPath(const char* path, size_t length, Address& out);
  // An IPv4 or IPv6 address as text, without a scope.
  static bool FromIp(const std::string& host, uint16_t port, Address& out);
};

// A stream socket that listens there; returns a descriptor, or a negative errno.
int ListenOn(const Address& address, int backlog);

}  // namespace sockets
