/** Evertoken: blocking calls on threads, and started calls that a callback ends. */
#include "bench.h"

#include <evertoken.h>
#include <pthread.h>
#include <stdlib.h>

static void *prepare(const server *server) {
  evertoken_config *config = NULL;
  evertoken_client *client = NULL;
  require(evertoken_config_client_credentials(server->token_url, "bench", "secret", &config, NULL) == EVERTOKEN_OK, "no config");
  require(evertoken_config_set_base_url(config, server->base_url) == EVERTOKEN_OK, "no base URL");
  require(evertoken_client_new(config, &client, NULL) == EVERTOKEN_OK, "no client");
  evertoken_config_free(config);
  return client;
}

static size_t header(void *client) {
  char buffer[512];
  size_t length = 0;
  if (evertoken_client_authorization_copy(client, buffer, sizeof buffer, &length, NULL) != EVERTOKEN_OK) return 0;
  return length;
}

static int get(void *client) {
  evertoken_response *response = NULL;
  size_t length = 0;
  int status;
  if (evertoken_client_request(client, "GET", "/accounts/123", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, &response, NULL) != EVERTOKEN_OK) return 0;
  status = evertoken_response_body(response, &length) != NULL && length > 0 ? evertoken_response_status(response) : 0;
  evertoken_response_free(response);
  return status;
}

static void close_client(void *client) { evertoken_client_free(client); }

/** Requests under way, each of which starts the next from its callback. */
typedef struct {
  evertoken_client *client;
  pthread_mutex_t lock;
  pthread_cond_t over;
  int under_way;
  double end;
  samples *samples;
} flock;

typedef struct {
  flock *flock;
  double began;
} bird;

static void done(void *userdata, evertoken_response *response, evertoken_error *error);

static void start(bird *bird) {
  bird->began = now();
  require(evertoken_client_request_start(bird->flock->client, "GET", "/accounts/123", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, done, bird, NULL, NULL) == EVERTOKEN_OK, "not started");
}

static void done(void *userdata, evertoken_response *response, evertoken_error *error) {
  bird *bird = userdata;
  flock *flock = bird->flock;
  double time = now();
  int again = time < flock->end;
  pthread_mutex_lock(&flock->lock);
  samples_add(flock->samples, evertoken_response_status(response), time - bird->began);
  if (!again && --flock->under_way == 0) pthread_cond_signal(&flock->over);
  pthread_mutex_unlock(&flock->lock);
  evertoken_response_free(response);
  evertoken_error_free(error);
  if (again) start(bird);
}

static void drive(void *client, int callers, double seconds, samples *samples) {
  flock flock = {client, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, callers, now() + seconds, samples};
  bird *birds = malloc((size_t)callers * sizeof *birds);
  int each;
  require(birds != NULL, "memory");
  for (each = 0; each < callers; each++) {
    birds[each].flock = &flock;
    start(&birds[each]);
  }
  pthread_mutex_lock(&flock.lock);
  while (flock.under_way > 0) pthread_cond_wait(&flock.over, &flock.lock);
  pthread_mutex_unlock(&flock.lock);
  free(birds);
}

const adapter evertoken_blocking = {"evertoken", prepare, NULL, NULL, header, get, NULL, close_client};
const adapter evertoken_started = {"evertoken_async", prepare, NULL, NULL, NULL, NULL, drive, close_client};
