/* The limit of a tick: a loop of send() over pairs of sockets, and nothing else.
 *
 *   pairs COUNT     COUNT pairs; for each line of input, a number, so many bytes to each of them
 *
 * Prints how long the loop took, in nanoseconds, for each line. What was sent is read after that.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

static int64_t now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int count = atoi(argv[1]), (*pairs)[2] = calloc(count, sizeof *pairs);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (int n = 0; n < count; n++)
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[n])) {
      perror("socketpair");
      return 1;
    }
  size_t most = 1 << 20;
  char *data = malloc(most), line[64];
  memset(data, 'x', most);
  while (fgets(line, sizeof line, stdin)) {
    ssize_t size = atol(line);
    int64_t begun = now_ns();
    for (int n = 0; n < count; n++)
      if (send(pairs[n][0], data, size, MSG_NOSIGNAL) != size) perror("send");
    printf("%ld\n", now_ns() - begun);
    fflush(stdout);
    for (int n = 0; n < count; n++) recv(pairs[n][1], data, size, MSG_WAITALL);
  }
  return 0;
}
