/*
 * A 9P2000.L client that does nothing but wait, for measuring servers; and the same work as bare system calls.
 *
 *   load SOCKET DIRECTORY ANAME MSIZE PID SECONDS [least]   one line of JSON for each measurement, on stdout
 *
 * SOCKET is a server's unix socket, DIRECTORY what it exports, with the files bench/serve.mjs makes: `file`, `scratch` and
 * `many/`, and PID the server's process, whose processor time is read before and after. Requests are made once and sent again and again, DEPTH of them under way at a time; of a reply the type alone
 * is looked at. With `least` those alone are measured that the server of that name (least.c) answers. The client's own cost is the same for every server: two system calls for each burst.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <sys/un.h>

/* --- Measurements. */

/* The requests of one operation, which are sent one after the other by each of DEPTH lanes. */
struct operation {
  const char *name;
  int depth, steps;
  struct frame (*make)(int lane, int step, uint32_t count);
  /* The same as system calls, once. */
  void (*bare)(int round);
  uint32_t count;
  /* The client does not sleep: what is left is the server's own time. */
  int polls;
};

static struct frame make_getattr(int lane, int step, uint32_t count) {
  struct frame frame = with_fid(TGETATTR, lane, FILE_FID);
  (void)step, (void)count;
  put(&frame, 8, 0x7ff);
  return end(frame);
}

static struct frame make_walk_clunk(int lane, int step, uint32_t count) {
  (void)count;
  if (step == 0) return walk(lane, ROOT, FIRST_FREE_FID + lane, "file");
  return end(with_fid(TCLUNK, lane, FIRST_FREE_FID + lane));
}

static struct frame make_read(int lane, int step, uint32_t count) {
  struct frame frame = with_fid(TREAD, lane, FILE_FID);
  (void)step;
  put(&frame, 8, (uint64_t)lane * LARGE % FILE_SIZE);
  put(&frame, 4, count);
  return end(frame);
}

static struct frame make_write(int lane, int step, uint32_t count) {
  struct frame frame = begin(TWRITE, lane, count);
  (void)step;
  put(&frame, 4, SCRATCH_FID);
  put(&frame, 8, (uint64_t)lane * LARGE % FILE_SIZE);
  put(&frame, 4, count);
  memset(frame.bytes + frame.length, lane, count);
  frame.length += count;
  return end(frame);
}

static const struct operation OPERATIONS[] = {
    {"getattr", 1, 1, make_getattr, bare_getattr, 0},
    {"getattr, client polls", 1, 1, make_getattr, NULL, 0, 1},
    {"getattr", 32, 1, make_getattr, NULL, 0},
    {"walk+clunk", 1, 2, make_walk_clunk, bare_walk_clunk, 0},
    {"walk+clunk, client polls", 1, 2, make_walk_clunk, NULL, 0, 1},
    {"walk+clunk", 32, 2, make_walk_clunk, NULL, 0},
    {"read 4 KiB", 1, 1, make_read, bare_read_4k, 4096},
    {"read 4 KiB, client polls", 1, 1, make_read, NULL, 4096, 1},
    {"read 4 KiB", 32, 1, make_read, NULL, 4096},
    {"read large", 1, 1, make_read, bare_read_large, LARGE},
    {"read large", 8, 1, make_read, NULL, LARGE},
    {"write large", 1, 1, make_write, bare_write_large, LARGE},
    {"write large", 8, 1, make_write, NULL, LARGE},
};

/* The first of them, which need no more than a statx. */
enum { LEAST = 2 };

/* `done` operations since `started` on both clocks, `taken` of which have a sample. */
static void report(const char *name, int depth, const char *who, size_t done, double elapsed, double cpu, size_t taken,
                   uint32_t bytes) {
  printf("{\"name\":\"%s\",\"depth\":%d,\"who\":\"%s\",\"perSecond\":%.1f,\"medianUs\":%.3f,\"cpuUs\":%.3f,\"bytes\":%u}\n", name,
         depth, who, done / elapsed, median(taken) * 1e6, cpu / done * 1e6, bytes);
  fflush(stdout);
}

/* Every lane sends its next request as soon as the reply to the one before has come; what is due goes out together. */
static void measure(const struct operation *operation, double seconds, int reporting) {
  uint32_t most = msize - 24, count = operation->count < most ? operation->count : most;
  struct frame frames[MOST_DEPTH][2];
  int step[MOST_DEPTH] = {0};
  double since[MOST_DEPTH];
  size_t room = 0;
  for (int lane = 0; lane < operation->depth; lane++)
    for (int i = 0; i < operation->steps; i++) {
      frames[lane][i] = operation->make(lane, i, count);
      room += frames[lane][i].length;
    }
  uint8_t *out = malloc(room);
  size_t taken = 0, done = 0, due = 0;
  if (out == NULL) fail("memory");
  polls = operation->polls;
  double started = now(), at = started, cpu = read_clock(server_clock);
  for (int lane = 0; lane < operation->depth; lane++) {
    memcpy(out + due, frames[lane][0].bytes, frames[lane][0].length);
    due += frames[lane][0].length;
    since[lane] = at;
  }
  int stopping = 0, under_way = operation->depth;
  while (under_way > 0) {
    if (due > 0) send_all(out, due);
    due = 0;
    do {
      uint8_t *reply = receive();
      int lane = reply[5] | reply[6] << 8;
      struct frame *sent = &frames[lane][step[lane]];
      if (reply[4] != sent->bytes[4] + 1) {
        errno = reply[4] == RLERROR ? (int)get32(reply + 7) : EPROTO;
        fail(operation->name);
      }
      step[lane] = (step[lane] + 1) % operation->steps;
      if (step[lane] == 0) {
        at = now();
        if (taken < MOST_SAMPLES) samples[taken++] = at - since[lane];
        since[lane] = at;
        done++;
        stopping = stopping || at - started > seconds;
        if (stopping) {
          under_way--;
          continue;
        }
      }
      struct frame *next = &frames[lane][step[lane]];
      memcpy(out + due, next->bytes, next->length);
      due += next->length;
    } while (under_way > 0 && has_reply());
  }
  polls = 0;
  if (reporting) report(operation->name, operation->depth, "server", done, at - started, read_clock(server_clock) - cpu, taken, count);
  free(out);
  for (int lane = 0; lane < operation->depth; lane++)
    for (int i = 0; i < operation->steps; i++) free(frames[lane][i].bytes);
}

static void measure_bare(const struct operation *operation, double seconds) {
  struct timing timing = time_bare(operation->bare, seconds);
  report(operation->name, operation->depth, "bare", timing.taken, timing.elapsed, timing.cpu, timing.taken, operation->count);
}

/* Reads all of `many` from the start; returns the number of entries. */
static size_t list_served(void) {
  uint64_t offset = 0;
  size_t entries = 0;
  for (;;) {
    struct frame frame = with_fid(TREADDIR, 0, MANY_FID);
    put(&frame, 8, offset);
    put(&frame, 4, ENTRY_ROOM < msize - 24 ? ENTRY_ROOM : msize - 24);
    uint8_t *reply = call(end(frame)), *at = reply + 11, *last = at + get32(reply + 7);
    if (at == last) return entries;
    for (; at < last; entries++) {
      offset = get32(at + 13) | (uint64_t)get32(at + 17) << 32;
      at += 24 + (at[22] | at[23] << 8);
    }
  }
}

static size_t list_many(void) { return list_bare("many"); }

static void measure_list(size_t (*list)(void), const char *who, clockid_t clock, double seconds) {
  size_t taken = 0, entries = list();
  double started = now(), before = started, at = started, cpu = read_clock(clock);
  while (at - started < seconds) {
    if (list() != entries) fail("a listing differs");
    at = now();
    samples[taken++] = at - before;
    before = at;
  }
  char name[64];
  snprintf(name, sizeof name, "list %zu", entries);
  report(name, 1, who, taken, at - started, read_clock(clock) - cpu, taken, 0);
}

int main(int argc, char **argv) {
  if (argc != 7 && (argc != 8 || strcmp(argv[7], "least") != 0)) {
    fprintf(stderr, "usage: load SOCKET DIRECTORY ANAME MSIZE PID SECONDS [least]\n");
    return 2;
  }
  double seconds = atof(argv[6]);
  msize = atoi(argv[4]);
  if (clock_getcpuclockid(atoi(argv[5]), &server_clock) != 0) fail(argv[5]);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[1]);
  in_room = 4 * LARGE;
  in = malloc(in_room);
  server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (in == NULL || server < 0) fail("start");
  if (connect(server, (struct sockaddr *)&address, sizeof address) != 0) fail(argv[1]);
  open_files(argv[2]);

  greet(argv[3]);
  open_fid(FILE_FID, "file", O_RDONLY);
  open_fid(SCRATCH_FID, "scratch", O_WRONLY);
  open_fid(MANY_FID, "many", O_RDONLY | O_DIRECTORY);
  size_t kinds = argc == 8 ? LEAST : sizeof OPERATIONS / sizeof OPERATIONS[0];
  /* A server may have to load or compile what it has not done before. */
  for (size_t i = 0; i < kinds; i++) measure(&OPERATIONS[i], seconds, 0);
  for (size_t i = 0; i < kinds; i++) {
    measure(&OPERATIONS[i], seconds, 1);
    if (OPERATIONS[i].bare != NULL) measure_bare(&OPERATIONS[i], seconds);
  }
  if (argc == 8) return 0;
  measure_list(list_served, "server", server_clock, seconds);
  measure_list(list_many, "bare", CLOCK_PROCESS_CPUTIME_ID, seconds);
  return 0;
}
