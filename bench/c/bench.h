/** The C cases: one small interface over ours and libcurl, and what all of them measure with. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

/** Where the measured server listens. */
typedef struct {
  int port;
  char base_url[64];
  char resource[96];
  char token_url[96];
} server;

/** What one run measures. */
typedef struct {
  const char *kind;
  server server;
  int callers;
  double seconds;
} plan;

/** Requests that were made: how long each took in nanoseconds, and how many failed. */
typedef struct {
  int64_t *times;
  size_t count, room;
  size_t failed;
} samples;

/** A client that is measured. What has no meaning for it is NULL. */
typedef struct {
  const char *name;
  /** A client for the server. */
  void *(*prepare)(const server *server);
  /** What one calling thread needs besides; NULL where threads share the client. */
  void *(*enter)(void *client);
  void (*leave)(void *caller);
  /** Gets the Authorization value from the cache; its length. */
  size_t (*header)(void *caller);
  /** Gets the resource with the token and reads the whole answer; its status, 0 for none. */
  int (*get)(void *caller);
  /** In place of `get` in a loop per thread: keeps `callers` requests under way for so long. */
  void (*drive)(void *client, int callers, double seconds, samples *samples);
  void (*close)(void *client);
} adapter;

extern const adapter evertoken_blocking, evertoken_started, curl_easy_client, curl_multi_client, floor_clock, floor_call;

/** Seconds on the steady clock. */
double now(void);
/** Seconds of processor time of this process so far, all threads. */
double cpu(void);
/** A line of /proc/self/status in kilobytes, such as VmRSS (now) or VmHWM (at most so far). */
long memory_kb(const char *line);
void samples_add(samples *samples, int status, double seconds);
/** Prints the result of a request run and frees the samples. */
void samples_print(samples *samples, double seconds, double used);

/** The server on this port of the loopback interface. */
server server_at(int port);
/** Asks a control route; `answer` gets its JSON. */
void server_control(const server *server, const char *command, char *answer, size_t room);
/** A token, for clients that only carry one. */
void server_token(const server *server, char *token, size_t room);
/** The number after "name": in a JSON text. */
long json_number(const char *json, const char *name);

/** Measures `adapter` in the case of `plan` and prints one line of JSON. */
void run(const adapter *adapter, const plan *plan);
/** The herd cases. */
void run_herd(const adapter *adapter, const plan *plan);

/** Ends the program with a message where `holds` is 0. */
void require(int holds, const char *what);

#endif
