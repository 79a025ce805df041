/* What a crowd has heard: frames, gaps, doubles and how late each event was.
 *
 * A frame that many viewers get is parsed once and compared by its bytes for all others, so
 * that listening costs little more than recv().
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SEEN = 64, MOST_EVENTS = 4096, LATEST_MS = 60000 };

/* What was found in a frame. */
struct seen {
  uint8_t *data;
  size_t size;
  int events, numbered, stamped;
  int64_t first, last; /* seq */
  int64_t pinned_at;   /* -1: no pin is in it */
  int64_t at[MOST_EVENTS];
};

static struct seen seen[SEEN];
static int next_seen, newest_seen;
static int64_t frames, bytes, events, numbered, gaps, doubles, closed, first_ns, last_ns, latest;
static int64_t late[LATEST_MS + 1], late_pins[LATEST_MS + 1];

static int64_t now_ns(clockid_t clock) {
  struct timespec at;
  clock_gettime(clock, &at);
  return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static int64_t number_after(const uint8_t **at, const uint8_t *end, const char *name) {
  size_t size = strlen(name);
  const uint8_t *found = memmem(*at, end - *at, name, size);
  if (!found) return -1;
  int64_t number = 0;
  for (found += size; found < end && *found >= '0' && *found <= '9'; found++) number = number * 10 + *found - '0';
  *at = found;
  return number;
}

static struct seen *parse(const uint8_t *data, size_t size) {
  struct seen *one = &seen[next_seen];
  newest_seen = next_seen;
  next_seen = (next_seen + 1) % SEEN;
  free(one->data);
  one->data = malloc(size);
  memcpy(one->data, data, size);
  one->size = size;
  one->events = one->numbered = one->stamped = 0;
  const uint8_t *at = data, *end = data + size;
  while ((at = memmem(at, end - at, "\"ev\":\"", 6))) one->events++, at += 6;
  int64_t number;
  for (at = data; (number = number_after(&at, end, "\"seq\":")) >= 0; one->last = number)
    if (!one->numbered++) one->first = number;
  for (at = data; (number = number_after(&at, end, "\"at\":")) >= 0 && one->stamped < MOST_EVENTS;)
    one->at[one->stamped++] = number;
  at = memmem(data, size, "\"ev\":\"pinned\"", 13);
  one->pinned_at = at ? number_after(&at, end, "\"at\":") : -1;
  if (!one->events) one->events = 1; /* Another server's frame: one event. */
  return one;
}

static struct seen *recall(const uint8_t *data, size_t size) {
  for (int back = 0; back < SEEN; back++) {
    struct seen *one = &seen[(newest_seen - back + SEEN) % SEEN];
    if (one->data && one->size == size && !memcmp(one->data, data, size)) return one;
  }
  return parse(data, size);
}

static int64_t lateness(int64_t ms) {
  if (ms > latest) latest = ms;
  return ms < 0 ? 0 : ms > LATEST_MS ? LATEST_MS : ms;
}

/* One frame for a viewer; *seq: of the newest event it has heard. */
static void count_frame(int64_t *seq, const uint8_t *data, size_t size, int64_t at_ns, int64_t at_ms) {
  struct seen *what = recall(data, size);
  frames++;
  bytes += size;
  events += what->events;
  numbered += what->numbered;
  if (!first_ns) first_ns = at_ns;
  last_ns = at_ns;
  if (what->numbered) {
    int64_t missed = what->first - *seq - 1;
    if (*seq >= 0 && missed > 0) gaps += missed;
    if (*seq >= 0 && missed < 0) doubles -= missed;
    if (what->last - what->first + 1 > what->numbered) gaps += what->last - what->first + 1 - what->numbered;
    *seq = what->last;
  }
  for (int n = 0; n < what->stamped; n++) late[lateness(at_ms - what->at[n])]++;
  if (what->pinned_at >= 0) late_pins[lateness(at_ms - what->pinned_at)]++;
}

static int64_t percentile(const int64_t *of, double share) {
  int64_t all = 0, sum = 0;
  for (int ms = 0; ms <= LATEST_MS; ms++) all += of[ms];
  for (int ms = 0; ms <= LATEST_MS; ms++)
    if ((sum += of[ms]) >= share * all && all) return ms;
  return 0;
}

static void report(int joined, int64_t returned, int64_t recovered, int64_t snapshots) {
  printf("{\"joined\":%d,\"frames\":%ld,\"bytes\":%ld,\"events\":%ld,\"numbered\":%ld,\"gaps\":%ld,\"doubles\":%ld,\"closed\":%ld,"
         "\"took_ns\":%ld,\"p50_ms\":%ld,\"p99_ms\":%ld,\"latest_ms\":%ld,\"pin_p99_ms\":%ld,"
         "\"returned\":%ld,\"recovered\":%ld,\"snapshots\":%ld}\n",
         joined, frames, bytes, events, numbered, gaps, doubles, closed, last_ns - first_ns, percentile(late, 0.5),
         percentile(late, 0.99), latest, percentile(late_pins, 0.99), returned, recovered, snapshots);
  fflush(stdout);
}

static void begin(void) {
  frames = bytes = events = numbered = gaps = doubles = closed = first_ns = last_ns = latest = 0;
  memset(late, 0, sizeof late);
  memset(late_pins, 0, sizeof late_pins);
}
