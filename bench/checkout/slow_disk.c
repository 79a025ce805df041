/* A disk that takes longer: loaded before the C library (LD_PRELOAD), it lets every fsync and
 * fdatasync wait for SLOW_DISK_US microseconds once the real one is done. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

static int slowed(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
	const char *more = getenv("SLOW_DISK_US");
	long us = more ? atol(more) : 0;
	struct timespec wait = {us / 1000000, us % 1000000 * 1000};
	int result = real(fd);

	nanosleep(&wait, NULL);
	return result;
}

int fsync(int fd)
{
	return slowed("fsync", fd);
}

int fdatasync(int fd)
{
	return slowed("fdatasync", fd);
}
