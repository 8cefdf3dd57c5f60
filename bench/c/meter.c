/** What is read off the machine: time, processor time, memory, latencies. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double read_clock(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double now(void) { return read_clock(CLOCK_MONOTONIC); }

double cpu(void) { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

long memory_kb(const char *line) {
  FILE *status = fopen("/proc/self/status", "r");
  char text[256];
  long found = 0;
  size_t length = strlen(line);
  require(status != NULL, "/proc/self/status");
  while (fgets(text, sizeof text, status) != NULL) {
    if (strncmp(text, line, length) == 0 && text[length] == ':') found = strtol(text + length + 1, NULL, 10);
  }
  fclose(status);
  return found;
}

void samples_add(samples *samples, int status, double seconds) {
  if (samples->count == samples->room) {
    samples->room = samples->room == 0 ? 4096 : samples->room * 2;
    samples->times = realloc(samples->times, samples->room * sizeof *samples->times);
    require(samples->times != NULL, "memory");
  }
  samples->times[samples->count++] = (int64_t)(seconds * 1e9);
  samples->failed += status != 200;
}

static int by_size(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static double quantile_us(const samples *samples, double share) {
  if (samples->count == 0) return 0;
  return (double)samples->times[(size_t)((double)(samples->count - 1) * share + 0.5)] / 1e3;
}

void samples_print(samples *samples, double seconds, double used) {
  if (samples->count > 0) qsort(samples->times, samples->count, sizeof *samples->times, by_size);
  printf("{\"requests\":%zu,\"failed\":%zu,\"seconds\":%.6f,\"cpu\":%.6f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"peak_kb\":%ld}\n",
         samples->count, samples->failed, seconds, used, quantile_us(samples, 0.5), quantile_us(samples, 0.99),
         memory_kb("VmHWM"));
  free(samples->times);
}

void require(int holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "bench-c: %s\n", what);
  exit(1);
}
