/* What is mounted where. */
#ifndef TSVMM_INIT_MOUNTS_H
#define TSVMM_INIT_MOUNTS_H

/* proc, sysfs, devtmpfs, and a tmpfs wherever a system writes. Failures are told on the console and passed over. */
void mount_system(void);

/*
 * Mounts one share, given as TAG:PATH or TAG:PATH:OPTIONS with %XX for a byte that would be read otherwise. Says on the
 * console why not, and returns a negative errno.
 */
int mount_share(const char *request);

/* Mounts the tree of control files at CONTROL_DIR. Returns 0 or a negative errno. */
int mount_control(const char *tag);

/* Takes the shares off again, last one first, so that what they hold is written. */
void unmount_shares(void);

#define CONTROL_DIR "/run/tsvmm"

#endif
