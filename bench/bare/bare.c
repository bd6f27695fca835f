/*
 * The operations of the bench guest as system calls of one process.
 *
 *   bare DIRECTORY MS OPERATION...   one line of JSON for each, on stdout
 *
 * DIRECTORY has the files of bench/compare/share.ts; each operation is done for MS milliseconds after a tenth of that.
 */
#define _GNU_SOURCE
#include "bare.h"

static const char *listed;
static size_t entries;

static void bare_list(int round) {
  size_t found = list_bare(listed);
  if (round > 0 && found != entries) fail("a listing differs");
  entries = found;
}

static void bare_small_file(int round) {
  (void)round;
  int fd = openat(directory_fd, "small-bare", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, data, 4096) != 4096) fail("small-bare");
  close(fd);
  if (unlinkat(directory_fd, "small-bare", 0) != 0) fail("unlinkat");
}

static const struct {
  const char *name;
  void (*bare)(int round);
} OPERATIONS[] = {
    {"getattr", bare_getattr},         {"walk-clunk", bare_walk_clunk},   {"read-4k", bare_read_4k},
    {"read-512k", bare_read_large},    {"write-512k", bare_write_large}, {"small-file", bare_small_file},
};

static void (*find(const char *name))(int round) {
  static char directory[64];
  unsigned number;
  int end = 0;
  for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++)
    if (strcmp(name, OPERATIONS[i].name) == 0) return OPERATIONS[i].bare;
  if (sscanf(name, "readdir-%u%n", &number, &end) != 1 || name[end] != '\0') {
    fprintf(stderr, "bare: no operation %s\n", name);
    exit(2);
  }
  snprintf(directory, sizeof directory, "many-%u", number);
  listed = directory;
  return bare_list;
}

int main(int argc, char **argv) {
  double seconds = argc < 4 ? 0 : atof(argv[2]) / 1000;
  if (seconds <= 0) {
    fprintf(stderr, "usage: bare DIRECTORY MS OPERATION...\n");
    return 2;
  }
  open_files(argv[1]);
  for (int i = 3; i < argc; i++) {
    void (*bare)(int round) = find(argv[i]);
    time_bare(bare, seconds / 10);
    struct timing timing = time_bare(bare, seconds);
    printf("{\"measurement\":\"%s\",\"done\":%zu,\"ns\":%.0f,\"medianNs\":%.1f,\"cpuNs\":%.1f}\n", argv[i], timing.taken,
           timing.elapsed * 1e9, median(timing.taken) * 1e9, timing.cpu / timing.taken * 1e9);
    fflush(stdout);
  }
  return 0;
}
