/** What a cached header could cost at least. */
#include "bench.h"

#include <evertoken.h>
#include <stdatomic.h>
#include <time.h>

typedef struct {
  size_t length;
  time_t until;
} held;

static held kept = {187, 0};
static _Atomic(held *) pointer;

static time_t seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec;
}

static void *prepare(const server *server) {
  (void)server;
  kept.until = seconds() + 3600;
  atomic_store(&pointer, &kept);
  return &pointer;
}

/** A pointer loaded atomically and a look at the clock. */
static size_t clock_check(void *client) {
  held *found = atomic_load_explicit((_Atomic(held *) *)client, memory_order_acquire);
  return seconds() < found->until ? found->length : 0;
}

/** A call into the library that does next to nothing. */
static size_t call(void *client) {
  (void)client;
  return evertoken_status_is_retryable(EVERTOKEN_RATE_LIMITED);
}

static void close_client(void *client) { (void)client; }

const adapter floor_clock = {"floor", prepare, NULL, NULL, clock_check, NULL, NULL, close_client};
const adapter floor_call = {"floor_call", prepare, NULL, NULL, call, NULL, NULL, close_client};
