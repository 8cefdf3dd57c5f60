/** The herd: many callers at the moment when the token is no longer good; or, to compare, while it is. The Rust cases' herd.rs says the same. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_MS = 50, SPREAD_MS = 400 };

typedef struct {
  const adapter *adapter;
  void *client;
  pthread_barrier_t *start, *end;
  int status;
  double done;
} caller;

static void *thread(void *argument) {
  caller *self = argument;
  void *entered = self->adapter->enter == NULL ? self->client : self->adapter->enter(self->client);
  pthread_barrier_wait(self->start);
  self->status = self->adapter->get(entered);
  self->done = now();
  /* A thread's end costs as much as a call, and would be measured with the calls of the others. */
  pthread_barrier_wait(self->end);
  if (self->adapter->leave != NULL) self->adapter->leave(entered);
  return NULL;
}

/** A first token is had, then it is no longer good, and counting begins. Waits until the harness, too, is ready. */
static void spoil(const adapter *adapter, void *client, const plan *plan) {
  char answer[256], command[128];
  int expiry = strcmp(plan->kind, "herd-expiry") == 0, late = strcmp(plan->kind, "herd-late") == 0;
  void *entered = adapter->enter == NULL ? client : adapter->enter(client);
  snprintf(command, sizeof command, "set?life=%d&token_ms=0&gate=0&spread_ms=0", expiry ? 1 : 3600);
  server_control(&plan->server, command, answer, sizeof answer);
  require(adapter->get(entered) == 200, "the first request failed");
  if (adapter->leave != NULL) adapter->leave(entered);
  snprintf(command, sizeof command, "set?life=3600&token_ms=%d&gate=%d&spread_ms=%d", TOKEN_MS, expiry ? 0 : plan->callers,
           late ? SPREAD_MS : 0);
  server_control(&plan->server, command, answer, sizeof answer);
  if (!expiry && strcmp(plan->kind, "herd-valid") != 0) server_control(&plan->server, "revoke", answer, sizeof answer);
  printf("ready\n");
  fflush(stdout);
  require(getchar() == '\n', "the harness is gone");
}

void run_herd(const adapter *adapter, const plan *plan) {
  void *client = adapter->prepare(&plan->server);
  caller *all = malloc((size_t)plan->callers * sizeof *all);
  pthread_t *threads = malloc((size_t)plan->callers * sizeof *threads);
  pthread_barrier_t start, end;
  char counts[256];
  double began, done = 0;
  int each, failed = 0;
  require(all != NULL && threads != NULL, "memory");
  spoil(adapter, client, plan);
  pthread_barrier_init(&start, NULL, (unsigned)plan->callers + 1);
  pthread_barrier_init(&end, NULL, (unsigned)plan->callers);
  for (each = 0; each < plan->callers; each++) {
    all[each] = (caller){adapter, client, &start, &end, 0, 0};
    require(pthread_create(&threads[each], NULL, thread, &all[each]) == 0, "no thread");
  }
  pthread_barrier_wait(&start);
  began = now();
  for (each = 0; each < plan->callers; each++) {
    pthread_join(threads[each], NULL);
    failed += all[each].status != 200;
    if (all[each].done > done) done = all[each].done;
  }
  server_control(&plan->server, "counts", counts, sizeof counts);
  printf("{\"tokens\":%ld,\"refused\":%ld,\"failed\":%d,\"seconds\":%.6f}\n", json_number(counts, "tokens"),
         json_number(counts, "refused"), failed, done - began);
  free(all);
  free(threads);
  adapter->close(client);
}
