/** libcurl: easy handles, one per thread, that carry a token they were given; and a multi handle that keeps many under way. */
#include "bench.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  server server;
  char header[600];
} client;

/** One easy handle and what a program keeps beside it. */
typedef struct {
  client *client;
  CURL *easy;
  struct curl_slist *headers;
  char *body;
  size_t length, room;
  double began;
} transfer;

static void *prepare(const server *server) {
  client *made = malloc(sizeof *made);
  char token[512];
  require(made != NULL, "memory");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  server_token(server, token, sizeof token);
  snprintf(made->header, sizeof made->header, "Authorization: Bearer %s", token);
  made->server = *server;
  return made;
}

static size_t take(char *data, size_t size, size_t count, void *userdata) {
  transfer *self = userdata;
  size_t more = size * count;
  if (self->length + more > self->room) {
    self->room = (self->length + more) * 2;
    self->body = realloc(self->body, self->room);
    require(self->body != NULL, "memory");
  }
  memcpy(self->body + self->length, data, more);
  self->length += more;
  return more;
}

static void *enter(void *client) {
  transfer *self = calloc(1, sizeof *self);
  require(self != NULL, "memory");
  self->client = client;
  self->easy = curl_easy_init();
  require(self->easy != NULL, "no easy handle");
  curl_easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
  curl_easy_setopt(self->easy, CURLOPT_PRIVATE, self);
  curl_easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
  return self;
}

static void leave(void *caller) {
  transfer *self = caller;
  curl_easy_cleanup(self->easy);
  curl_slist_free_all(self->headers);
  free(self->body);
  free(self);
}

/** Sets up the next request: its URL and its header, as a program does whose URLs differ and whose token changes. */
static void set_up(transfer *self) {
  curl_slist_free_all(self->headers);
  self->headers = curl_slist_append(NULL, self->client->header);
  self->length = 0;
  curl_easy_setopt(self->easy, CURLOPT_URL, self->client->server.resource);
  curl_easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers);
}

static int status_of(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return (int)status;
}

static int get(void *caller) {
  transfer *self = caller;
  set_up(self);
  return curl_easy_perform(self->easy) == CURLE_OK && self->length > 0 ? status_of(self->easy) : 0;
}

static void start(CURLM *multi, transfer *self) {
  set_up(self);
  self->began = now();
  curl_multi_add_handle(multi, self->easy);
}

static void drive(void *client, int callers, double seconds, samples *samples) {
  CURLM *multi = curl_multi_init();
  double end = now() + seconds;
  int each, running = callers;
  require(multi != NULL, "no multi handle");
  for (each = 0; each < callers; each++) start(multi, enter(client));
  while (running > 0) {
    CURLMsg *message;
    int left, active;
    curl_multi_perform(multi, &active);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      transfer *self = NULL;
      double time = now();
      int ok = message->data.result == CURLE_OK;
      if (message->msg != CURLMSG_DONE) continue;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&self);
      samples_add(samples, ok ? status_of(self->easy) : 0, time - self->began);
      curl_multi_remove_handle(multi, self->easy);
      if (time < end) {
        start(multi, self);
      } else {
        leave(self);
        running--;
      }
    }
    if (running > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  curl_multi_cleanup(multi);
}

static void close_client(void *client) { free(client); }

const adapter curl_easy_client = {"curl_easy", prepare, enter, leave, NULL, get, NULL, close_client};
const adapter curl_multi_client = {"curl_multi", prepare, NULL, NULL, NULL, NULL, drive, close_client};
