#include "mounts.h"
#include "text.h"

#define TMPFS_MAGIC 0x01021994
#define ST_RDONLY 1

/* The largest message v9fs can put into a virtqueue of 128 descriptors of 4 KiB, less three. */
#define SHARE_OPTIONS "trans=virtio,version=9p2000.L,access=user,msize=512000"
/* Small messages: the pages of a control message are allocated at every read and write. */
#define CONTROL_OPTIONS "trans=virtio,version=9p2000.L,access=any,cache=none,msize=65536"

#define MAX_SHARES 32
static char share_paths[MAX_SHARES][PATH_MAX];
static int share_count;

static const struct {
	const char *type;
	const char *path;
	unsigned long flags;
	const char *options;
	int only_if_read_only;
} system_mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0 },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, 0 },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", 0 },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666", 0 },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755", 0 },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777", 0 },
	{ "tmpfs", "/root", MS_NOSUID | MS_NODEV, "mode=700", 1 },
};

static int root_is_read_only(void)
{
	struct statfs root;

	return CALL2(statfs, "/", &root) == 0 && (root.f_flags & ST_RDONLY);
}

static void mount_devices(void)
{
	struct statfs dev;
	int error;

	/* The kernel has done it already unless it started from an initial RAM disk. */
	if (CALL2(statfs, "/dev", &dev) == 0 && dev.f_type == TMPFS_MAGIC)
		return;
	error = sys_mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID, "mode=755");
	if (error)
		complain("cannot mount", "devtmpfs at /dev", error);
}

void mount_system(void)
{
	int read_only = root_is_read_only();

	mount_devices();
	sys_mkdir("/dev/shm");
	sys_mkdir("/dev/pts");
	for (size_t i = 0; i < sizeof(system_mounts) / sizeof(system_mounts[0]); i++) {
		int error;

		if (system_mounts[i].only_if_read_only && !read_only)
			continue;
		error = sys_mount(system_mounts[i].type, system_mounts[i].path, system_mounts[i].type,
				  system_mounts[i].flags, system_mounts[i].options);
		if (error)
			complain("cannot mount a file system at", system_mounts[i].path, error);
	}
}

struct directory_entry {
	unsigned long long ino;
	long long next;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* One call is enough: of a directory that is empty, all fits. */
static int is_empty_directory(const char *path)
{
	char entries[1024] __attribute__((aligned(8)));
	int fd = sys_open(path, O_RDONLY | O_DIRECTORY);
	int empty = 1;
	ssize_t length;

	if (fd < 0)
		return 0;
	length = CALL3(getdents64, fd, entries, sizeof(entries));
	for (ssize_t at = 0; at < length;) {
		struct directory_entry *entry = (void *)(entries + at);

		if (!text_equal(entry->name, ".") && !text_equal(entry->name, ".."))
			empty = 0;
		at += entry->length;
	}
	sys_close(fd);
	return empty && length >= 0;
}

/*
 * Lays a tmpfs over `path`, where a read-only root has no room for a mount point. Only an empty directory is covered:
 * whatever stood in another would vanish from the guest.
 */
static int cover(const char *path)
{
	if (!is_empty_directory(path))
		return -EROFS;
	return sys_mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755");
}

/* mkdir -p. `path` is cut and mended in place. */
static int make_directories(char *path)
{
	char *end = path;
	int covered = 0;

	for (;;) {
		char *slash = end;
		char kept;
		int error;

		while (*end == '/')
			end++;
		if (!*end)
			return 0;
		while (*end && *end != '/')
			end++;
		kept = *end;
		*end = 0;
		error = sys_mkdir(path);
		if (error == -EROFS && !covered) {
			char name = *slash;

			*slash = 0;
			error = slash == path ? -EROFS : cover(path);
			*slash = name;
			covered = 1;
			if (error == 0)
				error = sys_mkdir(path);
		}
		*end = kept;
		if (error && error != -EEXIST)
			return error;
	}
}

static const char *field_end(const char *field)
{
	while (*field && *field != ':')
		field++;
	return field;
}

static void complain_of_share(const char *tag, const char *path, const char *what, int error)
{
	struct line line = { .length = 0 };

	line_text(&line, "tsvmm-init: cannot mount ");
	line_text(&line, tag);
	line_text(&line, " at ");
	line_text(&line, path);
	if (what) {
		line_text(&line, ": ");
		line_text(&line, what);
	}
	line_error(&line, error);
	line_write(&line, 2);
}

int mount_share(const char *request)
{
	static char options[1024] = SHARE_OPTIONS ",";
	char tag[256];
	char *path;
	const char *end = field_end(request);
	size_t fixed = sizeof(SHARE_OPTIONS);
	int error;

	if (share_count == MAX_SHARES) {
		complain("more than 32 shares; not mounted:", request, 0);
		return -E2BIG;
	}
	path = share_paths[share_count];
	if (text_decode(tag, sizeof(tag), request, end) <= 0 || *end != ':') {
		complain("not TAG:PATH:", request, -EINVAL);
		return -EINVAL;
	}
	request = end + 1;
	end = field_end(request);
	error = text_decode(path, PATH_MAX, request, end);
	if (error < 0 || path[0] != '/') {
		complain("not an absolute path to mount at:", request, error < 0 ? error : -EINVAL);
		return -EINVAL;
	}
	if (*end == ':') {
		request = end + 1;
		error = text_decode(options + fixed, sizeof(options) - fixed, request, request + text_length(request));
	} else {
		error = text_decode(options + fixed, sizeof(options) - fixed, "", "");
	}
	if (error < 0) {
		complain_of_share(tag, path, "mount options", error);
		return error;
	}
	options[fixed - 1] = error > 0 ? ',' : 0;
	error = make_directories(path);
	if (error) {
		complain_of_share(tag, path, "cannot make the mount point", error);
		return error;
	}
	error = sys_mount(tag, path, "9p", 0, options);
	if (error) {
		complain_of_share(tag, path, error == -ENOENT ? "no share has this tag" : NULL, error);
		return error;
	}
	share_count++;
	return 0;
}

int mount_control(const char *tag)
{
	sys_mkdir(CONTROL_DIR);
	return sys_mount(tag, CONTROL_DIR, "9p", MS_NOSUID | MS_NODEV | MS_NOEXEC, CONTROL_OPTIONS);
}

void unmount_shares(void)
{
	while (share_count > 0)
		sys_umount(share_paths[--share_count]);
}
