/** The cases header, request and memory; several callers are several threads. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How many header calls are made between two looks at the clock. */
enum { BATCH = 1000 };
/** The memory case: so many rounds of so many requests. */
enum { ROUNDS = 11, REQUESTS = 10000 };

typedef struct caller {
  const adapter *adapter;
  void *client;
  double seconds;
  long long calls;
  samples samples;
  void (*work)(struct caller *self, void *entered);
} caller;

static void call_headers(caller *self, void *entered) {
  double end = now() + self->seconds;
  while (now() < end) {
    int call;
    for (call = 0; call < BATCH; call++) require(self->adapter->header(entered) > 0, "no header came");
    self->calls += BATCH;
  }
}

static void make_requests(caller *self, void *entered) {
  double began = now(), end = began + self->seconds;
  while (began < end) {
    int status = self->adapter->get(entered);
    double done = now();
    samples_add(&self->samples, status, done - began);
    began = done;
  }
}

static void *thread(void *argument) {
  caller *self = argument;
  void *entered = self->adapter->enter == NULL ? self->client : self->adapter->enter(self->client);
  self->work(self, entered);
  if (self->adapter->leave != NULL) self->adapter->leave(entered);
  return NULL;
}

/** Adds what `more` did to `sum`. */
static void take(caller *sum, caller *more) {
  size_t sample;
  sum->calls += more->calls;
  for (sample = 0; sample < more->samples.count; sample++)
    samples_add(&sum->samples, 200, (double)more->samples.times[sample] / 1e9);
  sum->samples.failed += more->samples.failed;
  free(more->samples.times);
}

/** Runs `work` on so many threads (on this one, if one) and adds up what they did. */
static caller together(const adapter *adapter, void *client, void (*work)(caller *, void *), int callers, double seconds) {
  caller sum = {adapter, client, seconds, 0, {0}, work};
  caller *all;
  pthread_t *threads;
  int each;
  if (callers == 1) {
    thread(&sum);
    return sum;
  }
  all = malloc((size_t)callers * sizeof *all);
  threads = malloc((size_t)callers * sizeof *threads);
  require(all != NULL && threads != NULL, "memory");
  for (each = 0; each < callers; each++) {
    all[each] = sum;
    require(pthread_create(&threads[each], NULL, thread, &all[each]) == 0, "no thread");
  }
  for (each = 0; each < callers; each++) {
    pthread_join(threads[each], NULL);
    take(&sum, &all[each]);
  }
  free(all);
  free(threads);
  return sum;
}

/** Runs one slice; what it found. */
typedef caller slice(const adapter *adapter, void *client, int callers, double seconds);

/** What the measured slices found, and the wall and processor time they took. */
typedef struct {
  caller found;
  double seconds, used;
} outcome;

/**
 * Runs slices of wall time until enough processor time went into them, first to warm up, then to measure: so a busy machine
 * makes a run longer, not shorter of samples. Three times the usual wall time ends it all the same.
 */
static outcome measured(const adapter *adapter, void *client, const plan *plan, slice *run) {
  double enough = plan->seconds / 2, began, used;
  outcome result;
  int warm;
  for (warm = 0; warm < 2; warm++) {
    if (warm) free(result.found.samples.times);
    memset(&result, 0, sizeof result);
    began = now();
    used = cpu();
    do {
      caller more = run(adapter, client, plan->callers, plan->seconds / 4);
      take(&result.found, &more);
      result.seconds = now() - began;
      result.used = cpu() - used;
    } while (result.used < enough && result.seconds < enough * 6);
  }
  return result;
}

static caller headers(const adapter *adapter, void *client, int callers, double seconds) {
  return together(adapter, client, call_headers, callers, seconds);
}

static caller requests(const adapter *adapter, void *client, int callers, double seconds) {
  caller found;
  if (adapter->drive == NULL) return together(adapter, client, make_requests, callers, seconds);
  memset(&found, 0, sizeof found);
  adapter->drive(client, callers, seconds, &found.samples);
  return found;
}

static void header(const adapter *adapter, const plan *plan) {
  void *client = adapter->prepare(&plan->server);
  outcome result = measured(adapter, client, plan, headers);
  printf("{\"ns\":%.4f,\"calls\":%lld}\n", result.used / (double)result.found.calls * 1e9, result.found.calls);
  adapter->close(client);
}

static void request(const adapter *adapter, const plan *plan) {
  void *client = adapter->prepare(&plan->server);
  outcome result = measured(adapter, client, plan, requests);
  samples_print(&result.found.samples, result.seconds, result.used);
  adapter->close(client);
}

static void memory(const adapter *adapter, const plan *plan) {
  long bare = memory_kb("VmRSS");
  void *client = adapter->prepare(&plan->server);
  void *entered = adapter->enter == NULL ? client : adapter->enter(client);
  int round, made;
  printf("{\"bare_kb\":%ld,\"rounds_kb\":[", bare);
  for (round = 0; round < ROUNDS; round++) {
    for (made = 0; made < REQUESTS; made++) require(adapter->get(entered) == 200, "a request failed");
    printf("%s%ld", round == 0 ? "" : ",", memory_kb("VmRSS") - bare);
  }
  printf("]}\n");
}

void run(const adapter *adapter, const plan *plan) {
  if (strcmp(plan->kind, "header") == 0 && adapter->header != NULL)
    header(adapter, plan);
  else if (strcmp(plan->kind, "request") == 0)
    request(adapter, plan);
  else if (strcmp(plan->kind, "memory") == 0 && adapter->get != NULL)
    memory(adapter, plan);
  else if (strncmp(plan->kind, "herd-", 5) == 0 && adapter->get != NULL)
    run_herd(adapter, plan);
  else
    require(0, "this adapter is not in that case");
}
