/* A crowd of WebSocket viewers in one thread: joins, listens, checks, and times what it hears.
 * Options are name=value:
 *
 *   port=N count=N      whom to connect to, and how many viewers
 *   path=/live          the request's path; "-": no HTTP, the server talks at once
 *   protocol=NAME       the subprotocol to ask for, none by default
 *   hello=FILE          what each viewer says after the handshake: the bytes of its one message
 *   binary=1            that message is binary, not text
 *   replies=N           messages that a viewer has to hear before it counts as joined (0)
 *   ahead=N             handshakes under way at once (128)
 *   first=N             connect from 127.0.0.N and the addresses after it (1)
 *   headers=FILE        more request headers, as a browser sends them
 *   returns=MS          who loses its connection comes back so much later, from where it was
 *
 * Lines on standard input, each answered by one line of JSON:
 *
 *   begin               forget what was heard so far; the answer still tells it
 *   wait FRAMES MS      until so many were heard since "begin", at most so long
 *   stall N             the first N viewers stop reading, until they have come back
 *   drop N MS           the first N viewers hang up at once and come back spread over so long
 *   (end of input)      hang up and end
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "heard.h"

enum { BUFFER = 1 << 18, PER_ADDRESS = 20000 };
enum state { AWAY, CONNECTING, SHAKING, JOINING, LISTENING };

struct viewer {
  int fd;
  enum state state;
  int replies, is_stalled;
  int64_t seq;     /* of the newest event heard, -1: none yet */
  int64_t back_ns; /* when it comes back, 0: not */
  char epoch[64];  /* of the feed that seq belongs to, empty: another server's */
  uint8_t *part; /* bytes of a frame, or of the handshake, that is not whole yet */
  size_t have;
};

static struct viewer *viewers;
static int epoll, count = 1, ahead = 128, replies, joined, under_way, next_one;
static int first = 1, port, is_raw, is_binary, left_to_join, away;
static int64_t returns_ns = -1, returned, recovered, snapshots;
static char request[8192];
static uint8_t hello[8192], buffer[BUFFER];
static size_t request_size, hello_size;


static void fail(const char *what) {
  perror(what);
  exit(1);
}

static size_t read_file(const char *path, void *into, size_t most) {
  FILE *file = fopen(path, "rb");
  if (!file) fail(path);
  size_t size = fread(into, 1, most, file);
  fclose(file);
  return size;
}

/* A client's frame; a mask of zeros leaves the bytes as they are. */
static void say(struct viewer *one, int opcode, const void *data, size_t size) {
  uint8_t out[8192 + 8] = {0x80 | opcode};
  size_t head = 2;
  out[1] = 0x80 | (size < 126 ? size : 126);
  if (size >= 126) {
    out[2] = size >> 8;
    out[3] = size;
    head = 4;
  }
  memset(out + head, 0, 4);
  memcpy(out + head + 4, data, size);
  /* Whether the line still holds is seen when it is read. */
  if (send(one->fd, out, head + 4 + size, MSG_NOSIGNAL) < 0) return;
}

static void lost(struct viewer *one);

static void start(struct viewer *one) {
  struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in here = {.sin_family = AF_INET};
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + first + (one - viewers) / PER_ADDRESS);
  one->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (one->fd < 0) fail("socket");
  int yes = 1;
  setsockopt(one->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  setsockopt(one->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  if (bind(one->fd, (struct sockaddr *)&here, sizeof here) < 0) fail("bind");
  one->state = CONNECTING;
  one->replies = 0;
  one->have = 0;
  under_way++;
  if (connect(one->fd, (struct sockaddr *)&there, sizeof there) < 0 && errno != EINPROGRESS) {
    if (returns_ns < 0) fail("connect");
    lost(one);
    return;
  }
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = one};
  epoll_ctl(epoll, EPOLL_CTL_ADD, one->fd, &event);
}

static void arrived(struct viewer *one) {
  one->state = LISTENING;
  joined++;
  under_way--;
  left_to_join--;
}

static void hang_up(struct viewer *one) {
  if (one->state == AWAY) return;
  if (one->state == LISTENING) joined--;
  else under_way--;
  close(one->fd);
  free(one->part);
  one->part = NULL;
  one->have = 0;
  one->state = AWAY;
}

static void comes_back(struct viewer *one, int64_t at_ns) {
  one->back_ns = at_ns;
  away++;
}

static void lost(struct viewer *one) {
  if (one->state != LISTENING) left_to_join--;
  hang_up(one);
  closed++;
  if (returns_ns < 0) return;
  one->is_stalled = 0; /* The second time it reads. */
  comes_back(one, now_ns(CLOCK_MONOTONIC) + returns_ns);
}

static void refused(struct viewer *one, const uint8_t *answer) {
  if (returns_ns < 0) {
    fprintf(stderr, "refused: %.60s\n", answer);
    exit(1);
  }
  lost(one);
}

/* Where the answer to a join puts a viewer: on from where it was, or anew. */
static void placed(struct viewer *one, const uint8_t *data, size_t size) {
  static const char epoch[] = "\"epoch\":\"", seq[] = "\"seq\":";
  const uint8_t *end = data + size, *from = NULL, *at = data;
  while ((at = memmem(at, end - at, epoch, sizeof epoch - 1))) from = at += sizeof epoch - 1;
  const uint8_t *to = from ? memchr(from, '"', end - from) : NULL;
  if (!to || to - from >= (int)sizeof one->epoch) return;
  int is_recovered = memmem(to, end - to, "\"recovered\":true", 16) != NULL;
  memcpy(one->epoch, from, to - from);
  one->epoch[to - from] = 0;
  if (!is_recovered) one->seq = number_after(&to, end, seq);
  *(is_recovered ? &recovered : &snapshots) += 1;
}

static void heard(struct viewer *one, const uint8_t *data, size_t size, int64_t at_ns, int64_t at_ms) {
  if (one->state == LISTENING) {
    if (memmem(data, size < 32 ? size : 32, "\"ev\":\"snapshot\"", 15)) placed(one, data, size);
    else count_frame(&one->seq, data, size, at_ns, at_ms);
  } else if (memmem(data, size < 32 ? size : 32, "\"error\":", 8)) refused(one, data);
  else if (++one->replies >= replies) {
    placed(one, data, size);
    arrived(one);
  }
}

/* Take whole frames off the front; how many bytes that were. */
static size_t take(struct viewer *one, const uint8_t *data, size_t size, int64_t at_ns, int64_t at_ms) {
  size_t done = 0;
  while (size - done >= 2 && one->state >= JOINING) {
    const uint8_t *at = data + done;
    uint64_t length = at[1] & 127;
    size_t head = length == 126 ? 4 : length == 127 ? 10 : 2;
    if (size - done < head) break;
    if (length == 126) length = at[2] << 8 | at[3];
    else if (length == 127) {
      length = 0;
      for (int n = 2; n < 10; n++) length = length << 8 | at[n];
    }
    if (size - done < head + length) break;
    int opcode = at[0] & 15;
    if (opcode == 9) say(one, 10, at + head, length);
    else if (opcode == 8) {
      lost(one);
      return size;
    } else heard(one, at + head, length, at_ns, at_ms);
    done += head + length;
  }
  return done;
}

static void shaken(struct viewer *one) {
  if (returns_ns >= 0 && *one->epoch) {
    char again[sizeof hello + 128];
    int size = snprintf(again, sizeof again, "%.*s,\"since\":{\"epoch\":\"%s\",\"seq\":%ld}}", (int)hello_size - 1,
                        (char *)hello, one->epoch, one->seq);
    say(one, 1, again, size);
  } else if (hello_size) say(one, is_binary ? 2 : 1, hello, hello_size);
  one->state = JOINING;
  if (!replies) arrived(one);
}

static void on_bytes(struct viewer *one, int64_t at_ns, int64_t at_ms) {
  size_t had = one->have;
  if (had) memcpy(buffer, one->part, had);
  ssize_t got = recv(one->fd, buffer + had, BUFFER - had, 0);
  if (got <= 0) {
    if (got == 0 || (errno != EAGAIN && errno != EINTR)) lost(one);
    return;
  }
  size_t size = had + got, done = 0;
  if (one->state == SHAKING) {
    uint8_t *end = memmem(buffer, size, "\r\n\r\n", 4);
    if (end) {
      if (memcmp(buffer, "HTTP/1.1 101", 12)) {
        refused(one, buffer);
        return;
      }
      done = end + 4 - buffer;
      shaken(one);
    }
  }
  if (one->state >= JOINING) done += take(one, buffer + done, size - done, at_ns, at_ms);
  if (one->state == AWAY) return;
  one->have = size - done;
  if (one->have) {
    one->part = realloc(one->part, one->have);
    memcpy(one->part, buffer + done, one->have);
  } else if (had) {
    free(one->part);
    one->part = NULL;
  }
}

static void on_connected(struct viewer *one) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = one};
  epoll_ctl(epoll, EPOLL_CTL_MOD, one->fd, &event);
  one->state = is_raw ? JOINING : SHAKING;
  if (is_raw) shaken(one);
  else if (send(one->fd, request, request_size, MSG_NOSIGNAL) < 0) lost(one);
}

/* Those whose time has come, as many as may be under way. */
static void bring_back(int64_t at_ns) {
  for (int n = 0; n < count && under_way < ahead; n++) {
    struct viewer *one = &viewers[n];
    if (!one->back_ns || one->back_ns > at_ns) continue;
    one->back_ns = 0;
    away--;
    returned++;
    left_to_join++;
    start(one);
  }
}

static void drop(int wanted, int64_t over_ms) {
  int64_t at_ns = now_ns(CLOCK_MONOTONIC);
  for (int n = 0; n < wanted && n < count; n++) {
    if (viewers[n].state != LISTENING) continue;
    hang_up(&viewers[n]);
    comes_back(&viewers[n], at_ns + over_ms * 1000000 * n / wanted);
  }
}

/* They hear only that the line is gone. */
static void stall(int wanted) {
  for (int n = 0; n < wanted && n < count; n++) {
    if (viewers[n].state != LISTENING) continue;
    struct epoll_event event = {.events = 0, .data.ptr = &viewers[n]};
    epoll_ctl(epoll, EPOLL_CTL_MOD, viewers[n].fd, &event);
    viewers[n].is_stalled = 1;
  }
}

/* Turn once: what has come, and the next viewers. 0 when standard input has a line. */
static int turn(int ms) {
  struct epoll_event ready[512];
  while (under_way < ahead && next_one < count) {
    struct viewer *one = &viewers[next_one++];
    if (one->state == AWAY) start(one);
  }
  if (away) bring_back(now_ns(CLOCK_MONOTONIC));
  int n = epoll_wait(epoll, ready, 512, away && ms > 20 ? 20 : ms), is_told = 0;
  int64_t at_ns = now_ns(CLOCK_MONOTONIC), at_ms = now_ns(CLOCK_REALTIME) / 1000000;
  for (int i = 0; i < n; i++) {
    struct viewer *one = ready[i].data.ptr;
    if (!one) is_told = 1;
    else if (one->state == CONNECTING) on_connected(one);
    else if (one->state == AWAY) continue;
    else if (one->is_stalled && one->state == LISTENING) lost(one); /* Only EPOLLHUP comes here. */
    else on_bytes(one, at_ns, at_ms);
  }
  return !is_told;
}

static void join_all(void) {
  int64_t begun = now_ns(CLOCK_MONOTONIC);
  left_to_join = count;
  while (left_to_join > 0) turn(100);
  printf("{\"joined\":%d,\"seconds\":%.3f}\n", joined, (now_ns(CLOCK_MONOTONIC) - begun) / 1e9);
  fflush(stdout);
}

static void obey(char *line) {
  long wanted, most;
  if (!strncmp(line, "begin", 5)) {
    report(joined, returned, recovered, snapshots);
    begin();
    return;
  }
  if (sscanf(line, "wait %ld %ld", &wanted, &most) == 2) {
    int64_t until = now_ns(CLOCK_MONOTONIC) + most * 1000000;
    /* Turning without sleep: waking a sleeper would cost the one who sends. */
    while (frames < wanted && now_ns(CLOCK_MONOTONIC) < until) turn(0);
  } else if (sscanf(line, "drop %ld %ld", &wanted, &most) == 2) {
    drop(wanted, most);
  } else if (sscanf(line, "stall %ld", &wanted) == 1) {
    stall(wanted);
  }
  report(joined, returned, recovered, snapshots);
}

int main(int argc, char **argv) {
  const char *path = "/live", *protocol = NULL;
  char more[4096] = "";
  for (int n = 1; n < argc; n++) {
    char *value = strchr(argv[n], '=');
    if (!value) fail(argv[n]);
    *value++ = 0;
    if (!strcmp(argv[n], "port")) port = atoi(value);
    else if (!strcmp(argv[n], "count")) count = atoi(value);
    else if (!strcmp(argv[n], "path")) path = value;
    else if (!strcmp(argv[n], "protocol")) protocol = value;
    else if (!strcmp(argv[n], "hello")) hello_size = read_file(value, hello, sizeof hello);
    else if (!strcmp(argv[n], "binary")) is_binary = atoi(value);
    else if (!strcmp(argv[n], "replies")) replies = atoi(value);
    else if (!strcmp(argv[n], "ahead")) ahead = atoi(value);
    else if (!strcmp(argv[n], "first")) first = atoi(value);
    else if (!strcmp(argv[n], "headers")) more[read_file(value, more, sizeof more - 1)] = 0;
    else if (!strcmp(argv[n], "returns")) returns_ns = atoll(value) * 1000000;
    else {
      fprintf(stderr, "no such option: %s\n", argv[n]);
      return 2;
    }
  }
  is_raw = !strcmp(path, "-");
  request_size = snprintf(request, sizeof request,
      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s%s%s%s\r\n",
      path, port, protocol ? "Sec-WebSocket-Protocol: " : "", protocol ? protocol : "", protocol ? "\r\n" : "", more);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  viewers = calloc(count, sizeof *viewers);
  for (int n = 0; n < count; n++) viewers[n].seq = -1;
  epoll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(epoll, EPOLL_CTL_ADD, 0, &event);
  join_all();
  char line[256];
  for (;;) {
    if (turn(1000)) continue;
    ssize_t got = read(0, line, sizeof line - 1);
    if (got <= 0) return 0;
    line[got] = 0;
    obey(line);
  }
}
