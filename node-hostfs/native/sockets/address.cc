#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

namespace sockets {

std::string Address::Host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (name.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&name)->sin_addr, text, sizeof text);
  } else if (name.ss_family == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&name)->sin6_addr, text, sizeof text);
  }
  return text;
}

int Address::Port() const {
  if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
  if (name.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port);
  return 0;
}

bool Address::FromPath(const char* path, size_t length, Address& out) {
  sockaddr_un* to = reinterpret_cast<sockaddr_un*>(&out.name);
  // With its NUL, and not an abstract name, which an empty path would be.
  if (length == 0 || length >= sizeof to->sun_path) return false;
  to->sun_family = AF_UNIX;
  std::memcpy(to->sun_path, path, length);
  out.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + 1);
  return true;
}

bool Address::FromIp(const std::string& host, uint16_t port, Address& out) {
  sockaddr_in* four = reinterpret_cast<sockaddr_in*>(&out.name);
  sockaddr_in6* six = reinterpret_cast<sockaddr_in6*>(&out.name);
  if (inet_pton(AF_INET, host.c_str(), &four->sin_addr) == 1) {
    four->sin_family = AF_INET;
    four->sin_port = htons(port);
    out.length = sizeof *four;
    return true;
  }
  out = Address();
  if (inet_pton(AF_INET6, host.c_str(), &six->sin6_addr) != 1) return false;
  six->sin6_family = AF_INET6;
  six->sin6_port = htons(port);
  out.length = sizeof *six;
  return true;
}

int ListenOn(const Address& address, int backlog) {
  int fd = socket(address.name.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  int on = 1;
  // A server that comes back finds connections of its predecessor in TIME_WAIT.
  bool done = !address.IsIp() || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0;
  done = done && bind(fd, address.get(), address.length) == 0 && listen(fd, backlog) == 0;
  if (done) return fd;
  int error = errno;
  close(fd);
  return -error;
}

}  // namespace sockets
