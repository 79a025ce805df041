/* The limit: a loop of send() over all viewers, and nothing else.
 *
 *   limit PORT COUNT SIZE     a frame of SIZE bytes of text to COUNT viewers for each line of input
 *
 * Prints its port when it listens, and how long the loop took, in nanoseconds, for each line.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int count = atoi(argv[2]), size = atoi(argv[3]), yes = 1;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  int door = socket(AF_INET, SOCK_STREAM, 0), *viewers = calloc(count, sizeof *viewers);
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof here;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(door, (struct sockaddr *)&here, sizeof here) || listen(door, 4096)) {
    perror("listen");
    return 1;
  }
  getsockname(door, (struct sockaddr *)&here, &length);
  printf("%d\n", ntohs(here.sin_port));
  fflush(stdout);
  for (int n = 0; n < count; n++) {
    viewers[n] = accept(door, NULL, NULL);
    setsockopt(viewers[n], IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  }
  uint8_t *frame = malloc(size + 4);
  int head = size < 126 ? 2 : 4;
  frame[0] = 0x81;
  frame[1] = size < 126 ? size : 126;
  if (head == 4) {
    frame[2] = size >> 8;
    frame[3] = size;
  }
  memset(frame + head, 'x', size);
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    int64_t begun = now_ns();
    for (int n = 0; n < count; n++)
      if (send(viewers[n], frame, head + size, MSG_NOSIGNAL) < 0) perror("send");
    printf("%ld\n", now_ns() - begun);
    fflush(stdout);
  }
  return 0;
}
