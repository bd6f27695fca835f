/*
 * The least that a server can be: one connection, nothing checked, and for each request a receive, a statx and a send. What
 * load.c measures of it no server of files can beat.
 *
 *   least SOCKET FILE   listens there, answers everything by a reply of the length of Rgetattr, and ends with its client
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { TVERSION = 100, TGETATTR = 24, MSIZE_AT = 7, RGETATTR_SIZE = 160, ROOM = 1 << 16 };

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void answer(int client, int file, const uint8_t *request) {
  uint8_t reply[RGETATTR_SIZE] = {RGETATTR_SIZE, 0, 0, 0, request[4] + 1, request[5], request[6]};
  struct statx attributes;
  if (request[4] == TVERSION) memcpy(reply + MSIZE_AT, request + MSIZE_AT, 4);
  if (request[4] == TGETATTR && statx(file, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &attributes) != 0) fail("statx");
  if (send(client, reply, sizeof reply, 0) != sizeof reply) fail("send");
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: least SOCKET FILE\n");
    return 2;
  }
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), file = open(argv[2], O_PATH);
  if (listener < 0 || file < 0) fail(argv[2]);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 1) != 0) fail(argv[1]);
  static uint8_t in[ROOM];
  /* Whoever only looks whether anybody listens is none. */
  for (size_t had = 0; had == 0;) {
    int client = accept(listener, NULL, NULL);
    if (client < 0) fail("accept");
    for (ssize_t got; (got = recv(client, in, sizeof in, 0)) > 0; had += got)
      /* One client of depth 1 sends whole messages, one at a time. */
      answer(client, file, in);
    close(client);
  }
  return 0;
}
