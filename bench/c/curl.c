/** libcurl: easy handles, one per thread, that carry a token they were given; and a multi handle that keeps many under way. */
#include "bench.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
  server server;
  struct curl_slist *headers;
} client;

static void *prepare(const server *server) {
  client *made = malloc(sizeof *made);
  char token[512], header[600];
  require(made != NULL, "memory");
  curl_global_init(CURL_GLOBAL_DEFAULT);
  server_token(server, token, sizeof token);
  snprintf(header, sizeof header, "Authorization: Bearer %s", token);
  made->server = *server;
  made->headers = curl_slist_append(NULL, header);
  return made;
}

/** Takes the body as a caller would, but keeps nothing. */
static size_t take(char *data, size_t size, size_t count, void *userdata) {
  (void)data;
  (void)userdata;
  return size * count;
}

static void *enter(void *argument) {
  client *client = argument;
  CURL *easy = curl_easy_init();
  require(easy != NULL, "no easy handle");
  curl_easy_setopt(easy, CURLOPT_URL, client->server.resource);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, client->headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  return easy;
}

static void leave(void *easy) { curl_easy_cleanup(easy); }

static int status_of(CURL *easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return (int)status;
}

static int get(void *easy) { return curl_easy_perform(easy) == CURLE_OK ? status_of(easy) : 0; }

static void drive(void *argument, int callers, double seconds, samples *samples) {
  CURLM *multi = curl_multi_init();
  double *began = malloc((size_t)callers * sizeof *began);
  double end = now() + seconds;
  int each, running = callers;
  require(multi != NULL && began != NULL, "memory");
  for (each = 0; each < callers; each++) {
    CURL *easy = enter(argument);
    began[each] = now();
    curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)&began[each]);
    curl_multi_add_handle(multi, easy);
  }
  while (running > 0) {
    CURLMsg *message;
    int left, active;
    curl_multi_perform(multi, &active);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      CURL *easy = message->easy_handle;
      double *started = NULL, time = now();
      int ok = message->data.result == CURLE_OK;
      if (message->msg != CURLMSG_DONE) continue;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&started);
      samples_add(samples, ok ? status_of(easy) : 0, time - *started);
      curl_multi_remove_handle(multi, easy);
      if (time < end) {
        *started = time;
        curl_multi_add_handle(multi, easy);
      } else {
        curl_easy_cleanup(easy);
        running--;
      }
    }
    if (running > 0) curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
  curl_multi_cleanup(multi);
  free(began);
}

static void close_client(void *argument) {
  client *client = argument;
  curl_slist_free_all(client->headers);
  free(client);
}

const adapter curl_easy_client = {"curl_easy", prepare, enter, leave, NULL, get, NULL, close_client};
const adapter curl_multi_client = {"curl_multi", prepare, NULL, NULL, NULL, NULL, drive, close_client};
