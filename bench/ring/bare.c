/*
 * The operations of bench/ring/operations.ts as bare system calls of one process.
 *
 *   bare DIRECTORY SECONDS   one line of JSON for each, on stdout: {"name":...,"depth":1,"medianUs":...}
 *
 * DIRECTORY holds what bench/ring.mjs makes: `file`, `scratch` and `many/`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define LARGE (512 << 10)
#define PAGE 4096
#define PAGES 125
#define MOST_SAMPLES (1 << 20)

static int directory, file, scratch;
static char *data;
static double samples[MOST_SAMPLES];

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void attributes(int fd) {
  struct statx found;
  if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &found) != 0) fail("statx");
}

static void read_some(size_t length) {
  struct iovec piece = {data, length};
  if (preadv2(file, &piece, 1, 0, RWF_NOWAIT) != (ssize_t)length) fail("preadv2");
}

static void write_some(size_t length) {
  struct iovec piece = {data, length};
  if (pwritev2(scratch, &piece, 1, 0, 0) != (ssize_t)length) fail("pwritev2");
}

/* Every other page first, as bench/ring/driver.ts has them. */
static struct iovec pages[PAGES];

static void lay_out_pages(void) {
  for (int i = 0; i < PAGES; i++) {
    int page = i <= PAGES / 2 ? 2 * i : 2 * (i - PAGES / 2) - 1;
    pages[i] = (struct iovec){data + page * PAGE, PAGE};
  }
}

static void read_pages(void) {
  if (preadv2(file, pages, PAGES, 0, RWF_NOWAIT) != PAGES * PAGE) fail("preadv2");
}

static void write_pages(void) {
  if (pwritev2(scratch, pages, PAGES, 0, 0) != PAGES * PAGE) fail("pwritev2");
}

static void read_row(void) { read_some(PAGES * PAGE); }
static void write_row(void) { write_some(PAGES * PAGE); }

static void getattr(void) { attributes(file); }

static void walk_clunk(void) {
  int fd = openat(directory, "file", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) fail("openat");
  attributes(fd);
  close(fd);
}

static void read_small(void) { read_some(4096); }
static void read_large(void) { read_some(LARGE); }
static void write_small(void) { write_some(4096); }
static void write_large(void) { write_some(LARGE); }

static void list(void) {
  int fd = openat(directory, "many", O_RDONLY | O_DIRECTORY);
  if (fd < 0) fail("many");
  while (syscall(SYS_getdents64, fd, data, 32768) > 0) {
  }
  close(fd);
}

static void create_remove(void) {
  int fd = openat(directory, "bare-new", O_RDWR | O_CREAT | O_EXCL, 0644);
  if (fd < 0 || pwrite(fd, data, 4096, 0) != 4096) fail("bare-new");
  close(fd);
  if (unlinkat(directory, "bare-new", 0) != 0) fail("unlinkat");
}

static const struct {
  const char *name;
  void (*once)(void);
} OPERATIONS[] = {
    {"getattr", getattr},
    {"walk+clunk", walk_clunk},
    {"read 4 KiB", read_small},
    {"read 512 KiB", read_large},
    {"read 500 KiB in pages", read_row},
    {"read 500 KiB in scattered pages", read_pages},
    {"write 4 KiB", write_small},
    {"write 512 KiB", write_large},
    {"write 500 KiB in pages", write_row},
    {"write 500 KiB in scattered pages", write_pages},
    {"list", list},
    {"create+write+clunk+unlink", create_remove},
};

static int ascending(const void *a, const void *b) {
  double one = *(const double *)a, other = *(const double *)b;
  return (one > other) - (one < other);
}

int main(int argc, char **argv) {
  if (argc != 3) {
    fprintf(stderr, "usage: bare DIRECTORY SECONDS\n");
    return 2;
  }
  double seconds = atof(argv[2]);
  data = calloc(1, LARGE);
  lay_out_pages();
  directory = open(argv[1], O_PATH | O_DIRECTORY);
  file = openat(directory, "file", O_RDONLY);
  scratch = openat(directory, "scratch", O_RDWR);
  if (data == NULL || file < 0 || scratch < 0) fail(argv[1]);
  for (size_t i = 0; i < sizeof OPERATIONS / sizeof OPERATIONS[0]; i++) {
    size_t taken = 0;
    double started = now();
    for (double before = started, at = started; at - started < seconds * 1e6 && taken < MOST_SAMPLES; before = at) {
      OPERATIONS[i].once();
      at = now();
      samples[taken++] = at - before;
    }
    qsort(samples, taken, sizeof samples[0], ascending);
    printf("{\"name\":\"%s\",\"depth\":1,\"medianUs\":%.3f}\n", OPERATIONS[i].name, samples[taken / 2]);
  }
  return 0;
}
