/*
 * What a server of files is measured against: the same work as system calls of one process, on the files `file` and `scratch`,
 * of FILE_SIZE bytes each, and on directories. Everything is static: it is included once.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LARGE = 512 << 10, FILE_SIZE = 16 << 20, MOST_SAMPLES = 1 << 20 };

static int directory_fd, file_fd, scratch_fd;
static uint8_t *data;
/* Seconds that each of the last operations took. */
static double samples[MOST_SAMPLES];

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

static double read_clock(clockid_t clock) {
  struct timespec at;
  if (clock_gettime(clock, &at) != 0) fail("clock");
  return at.tv_sec + at.tv_nsec / 1e9;
}

static double now(void) { return read_clock(CLOCK_MONOTONIC); }

/* Opens what is worked on, all of it below `directory`. */
static void open_files(const char *directory) {
  data = calloc(1, LARGE);
  directory_fd = open(directory, O_PATH | O_DIRECTORY);
  file_fd = openat(directory_fd, "file", O_RDONLY);
  scratch_fd = openat(directory_fd, "scratch", O_WRONLY);
  if (data == NULL || file_fd < 0 || scratch_fd < 0) fail(directory);
}

static void bare_getattr(int round) {
  struct statx found;
  (void)round;
  if (statx(file_fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) != 0) fail("statx");
}

static void bare_walk_clunk(int round) {
  struct statx found;
  (void)round;
  int fd = openat(directory_fd, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) != 0) fail("openat");
  close(fd);
}

static void bare_read_4k(int round) {
  if (pread(file_fd, data, 4096, (off_t)round * LARGE % FILE_SIZE) != 4096) fail("pread");
}

static void bare_read_large(int round) {
  if (pread(file_fd, data, LARGE, (off_t)round * LARGE % FILE_SIZE) != LARGE) fail("pread");
}

static void bare_write_large(int round) {
  if (pwrite(scratch_fd, data, LARGE, (off_t)round * LARGE % FILE_SIZE) != LARGE) fail("pwrite");
}

/* Returns the number of entries of a directory. */
static size_t list_bare(const char *name) {
  size_t entries = 0;
  int fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY);
  DIR *directory = fdopendir(fd);
  if (directory == NULL) fail(name);
  while (readdir(directory) != NULL) entries++;
  closedir(directory);
  return entries;
}

/* What one operation, done again and again, took; `taken` times, each in `samples`. */
struct timing {
  double elapsed, cpu;
  size_t taken;
};

static struct timing time_bare(void (*bare)(int round), double seconds) {
  struct timing timing = {0};
  double started = now(), before = started, at = started, cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
  for (int round = 0; at - started < seconds && timing.taken < MOST_SAMPLES; round++) {
    bare(round);
    at = now();
    samples[timing.taken++] = at - before;
    before = at;
  }
  timing.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  timing.elapsed = at - started;
  return timing;
}

static int ascending(const void *a, const void *b) {
  double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

/* Of the first `count` samples, in seconds; puts them in order. */
static double median(size_t count) {
  qsort(samples, count, sizeof samples[0], ascending);
  return samples[count / 2];
}
