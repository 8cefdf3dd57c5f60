/**
 * @file evertoken_curl.h
 * For libcurl: adds the token to transfers of easy and multi handles, and heals a 401. C99 and C++11, header only.
 *
 *     evertoken_curl transfer = {0};
 *     transfer.url = "https://api.example.com/accounts/123";
 *     transfer.write = my_write;                      // as for CURLOPT_WRITEFUNCTION
 *     transfer.write_data = &my_body;
 *     CURLcode code = evertoken_curl_perform(client, curl, &transfer, &error);
 *     // transfer.status is the response's status, transfer.reason why a 401 was not healed
 *     evertoken_curl_cleanup(&transfer);
 *
 * With a multi handle it takes two steps: evertoken_curl_begin() before curl_multi_add_handle(), and evertoken_curl_end() at
 * CURLMSG_DONE, which returns whether the handle must be added once more:
 *
 *     curl_multi_remove_handle(multi, curl);
 *     if (evertoken_curl_end(client, &transfer, message->data.result, &error)) curl_multi_add_handle(multi, curl);
 *     else …                                          // the end: see transfer.code and transfer.status
 *
 * Both ways set the URL, the `Authorization` header, and the write and header functions. Set everything else on the handle
 * yourself: method, body, timeouts, proxies, certificates. A 401 is held back until its verdict, so that your functions see only
 * one response.
 *
 * The token is sent only to the client's pinned origins. For another URL nothing is sent, and `error` is
 * EVERTOKEN_ORIGIN_REFUSED. If libcurl follows a redirect to another host, it removes the header; a 401 after a redirect is not
 * healed.
 */
#ifndef EVERTOKEN_CURL_H
#define EVERTOKEN_CURL_H

#include <curl/curl.h>
#include <evertoken.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One transfer. Zero it, set the members marked "In", and clean it up with evertoken_curl_cleanup(). */
typedef struct evertoken_curl {
  /** In: the absolute URL. */
  const char *url;
  /** In: further request headers, or NULL. You keep the list, and free it after the transfer. */
  struct curl_slist *headers;
  /** In: receives the body, as for CURLOPT_WRITEFUNCTION; NULL drops it. */
  size_t (*write)(char *data, size_t size, size_t count, void *write_data);
  /** In: for `write`. */
  void *write_data;
  /** In: receives the head line by line, as for CURLOPT_HEADERFUNCTION; NULL drops it. */
  size_t (*header)(char *data, size_t size, size_t count, void *header_data);
  /** In: for `header`. */
  void *header_data;
  /** In: true if the body comes from a CURLOPT_READFUNCTION that cannot start again; then a 401 is not healed. A body in
      CURLOPT_POSTFIELDS can always be sent again. */
  bool one_shot;
  /** In: for a CURLOPT_READFUNCTION, called before the request is sent again: starts the body again and returns 0, or non-zero
      if it cannot. NULL if that is not needed. */
  int (*rewind)(void *rewind_data);
  /** In: for `rewind`. */
  void *rewind_data;

  /** Out: libcurl's result of the transfer. */
  CURLcode code;
  /** Out: the response's status; 0 if there was none. */
  long status;
  /** Out: why a 401 was not healed, as evertoken_verdict_reason() says it, else NULL. Valid until the cleanup. */
  const char *reason;
  /** Out: the error of the renewal, if one was made and failed, else NULL. Valid until the cleanup. */
  const evertoken_error *renewal_error;
  /** Out: whether the request was sent a second time. */
  bool resent;

  /** Internal. */
  struct {
    CURL *curl;
    struct curl_slist *list;
    evertoken_authorization *authorization;
    evertoken_verdict *resending;
    evertoken_verdict *verdict;
    char *body;
    size_t body_len;
    char *head;
    size_t head_len;
    long line_status;
    bool overflow;
  } own;
} evertoken_curl;

/** How many bytes of a 401's body are held back. A longer 401 is passed on at once, and is not healed. */
#define EVERTOKEN_CURL_HELD_MAX (1024 * 1024)

static inline bool evertoken_curl_keep(char **text, size_t *len, const char *data, size_t more) {
  char *grown = (char *)realloc(*text, *len + more + 1);
  if (grown == NULL) return false;
  memcpy(grown + *len, data, more);
  *text = grown;
  *len += more;
  grown[*len] = '\0';
  return true;
}

/** Whether what arrives belongs to a 401 that is held back. */
static inline bool evertoken_curl_is_refused(const evertoken_curl *transfer) {
  return transfer->own.line_status == 401 && !transfer->own.overflow;
}

/** Passes what was held back to the caller's functions; false if one of them fails. */
static inline bool evertoken_curl_let_through(evertoken_curl *transfer) {
  bool fine = true;
  if (transfer->header != NULL) {
    for (char *line = transfer->own.head, *end; fine && line != NULL && *line != '\0'; line = end) {
      end = strchr(line, '\n');
      end = end == NULL ? line + strlen(line) : end + 1;
      fine = transfer->header(line, 1, (size_t)(end - line), transfer->header_data) == (size_t)(end - line);
    }
  }
  if (fine && transfer->write != NULL && transfer->own.body_len > 0) {
    fine = transfer->write(transfer->own.body, 1, transfer->own.body_len, transfer->write_data) == transfer->own.body_len;
  }
  transfer->own.head_len = transfer->own.body_len = 0;
  if (transfer->own.head != NULL) transfer->own.head[0] = '\0';
  return fine;
}

static inline size_t evertoken_curl_on_body(char *data, size_t size, size_t count, void *userdata) {
  evertoken_curl *transfer = (evertoken_curl *)userdata;
  size_t length = size * count;
  if (evertoken_curl_is_refused(transfer)) {
    if (transfer->own.body_len + length <= EVERTOKEN_CURL_HELD_MAX) {
      return evertoken_curl_keep(&transfer->own.body, &transfer->own.body_len, data, length) ? length : 0;
    }
    transfer->own.overflow = true;
    if (!evertoken_curl_let_through(transfer)) return 0;
  }
  return transfer->write == NULL ? length : transfer->write(data, size, count, transfer->write_data);
}

static inline size_t evertoken_curl_on_header(char *data, size_t size, size_t count, void *userdata) {
  evertoken_curl *transfer = (evertoken_curl *)userdata;
  size_t length = size * count;
  if (length >= 5 && memcmp(data, "HTTP/", 5) == 0) {
    /* A new head: the first one, or one after an interim response or a redirect. The line is not terminated by NUL. */
    const char *space = (const char *)memchr(data, ' ', length);
    transfer->own.line_status = space == NULL ? 0 : strtol(space, NULL, 10);
    transfer->own.head_len = 0;
  }
  if (!evertoken_curl_keep(&transfer->own.head, &transfer->own.head_len, data, length)) return 0;
  if (evertoken_curl_is_refused(transfer)) return length;
  return transfer->header == NULL ? length : transfer->header(data, size, count, transfer->header_data);
}

/** Removes the header that evertoken_curl_put_on() set, and wipes it. */
static inline void evertoken_curl_take_off(evertoken_curl *transfer) {
  struct curl_slist *ours = transfer->own.list;
  if (ours == NULL) return;
  transfer->own.list = NULL;
  curl_easy_setopt(transfer->own.curl, CURLOPT_HTTPHEADER, (struct curl_slist *)NULL);
  ours->next = NULL;
  memset(ours->data, 0, strlen(ours->data));
  curl_slist_free_all(ours);
}

/** Sets URL, header and functions on the handle; false if there is no memory. */
static inline bool evertoken_curl_put_on(evertoken_curl *transfer, const evertoken_authorization *authorization) {
  static const char name[] = "Authorization: ";
  size_t value_len = 0;
  const char *value = evertoken_authorization_value(authorization, &value_len);
  char *line = (char *)malloc(sizeof name + value_len);
  if (line == NULL) return false;
  memcpy(line, name, sizeof name - 1);
  memcpy(line + sizeof name - 1, value, value_len + 1);
  /* The caller's list follows our one entry, and is detached before that is freed: it is neither copied nor changed. */
  struct curl_slist *ours = curl_slist_append(NULL, line);
  memset(line, 0, sizeof name + value_len);
  free(line);
  if (ours == NULL) return false;
  ours->next = transfer->headers;
  transfer->own.list = ours;
  CURL *curl = transfer->own.curl;
  curl_easy_setopt(curl, CURLOPT_URL, transfer->url);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, ours);
  curl_easy_setopt(curl, CURLOPT_UNRESTRICTED_AUTH, 0L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, evertoken_curl_on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, evertoken_curl_on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
  transfer->own.line_status = 0;
  transfer->own.head_len = transfer->own.body_len = 0;
  return true;
}

/** Splits the head in place into at most `max` name and value pairs. Returns their number. */
static inline size_t evertoken_curl_split(char *head, evertoken_header *headers, size_t max) {
  size_t count = 0;
  for (char *line = head; line != NULL && *line != '\0' && count < max;) {
    char *end = strpbrk(line, "\r\n"), *next = end == NULL ? NULL : end + strspn(end, "\r\n");
    if (end != NULL) *end = '\0';
    char *colon = strchr(line, ':');
    if (colon != NULL) {
      *colon = '\0';
      headers[count].name = line;
      headers[count].value = colon + 1 + strspn(colon + 1, " \t");
      count++;
    }
    line = next;
  }
  return count;
}

/** Obtains the verdict on the response; false if that failed. */
static inline bool evertoken_curl_judge(const evertoken_client *client, evertoken_curl *transfer,
                                        const evertoken_authorization *authorization, evertoken_error **error) {
  enum { HEADERS_MAX = 64 };
  evertoken_header headers[HEADERS_MAX];
  char *head = NULL;
  size_t head_len = 0, count = 0;
  long redirects = 0;
  curl_easy_getinfo(transfer->own.curl, CURLINFO_REDIRECT_COUNT, &redirects);
  if (redirects > 0 && transfer->status == 401) return true; /* it may have been sent without the token */
  if (transfer->own.head_len > 0 && evertoken_curl_keep(&head, &head_len, transfer->own.head, transfer->own.head_len)) {
    count = evertoken_curl_split(head, headers, HEADERS_MAX);
  }
  bool replayable = !transfer->one_shot && !transfer->own.overflow;
  evertoken_verdict *verdict = NULL;
  evertoken_status status = evertoken_client_judge(client, authorization, (int)transfer->status, headers, count, transfer->own.body,
                                                   transfer->own.body_len, replayable, EVERTOKEN_DEFAULT_TIMEOUT, &verdict, error);
  free(head);
  if (status != EVERTOKEN_OK) return false;
  evertoken_verdict_free(transfer->own.verdict);
  transfer->own.verdict = verdict;
  transfer->reason = evertoken_verdict_reason(verdict);
  transfer->renewal_error = evertoken_verdict_error(verdict);
  return true;
}

/**
 * Prepares `curl` to be sent with the token, by a multi handle or otherwise. Returns false if there is no token, or it may not be
 * sent to the URL (see `error`, which may be NULL), or if there is no memory (see `transfer->code`); then evertoken_curl_end()
 * must not be called.
 *
 * Waits for a login if there is no valid token. An event loop, which must not block, gets the token first with
 * evertoken_client_token_start(); later tokens are requested in the background before the old one expires.
 *
 * Threads: as for `curl`; the client may be shared. Not from a callback of the library.
 */
static inline bool evertoken_curl_begin(const evertoken_client *client, CURL *curl, evertoken_curl *transfer, evertoken_error **error) {
  evertoken_curl_take_off(transfer);
  evertoken_authorization_free(transfer->own.authorization);
  transfer->own.authorization = NULL;
  transfer->own.curl = curl;
  transfer->code = CURLE_OK;
  transfer->status = 0;
  transfer->reason = NULL;
  transfer->renewal_error = NULL;
  transfer->resent = false;
  transfer->own.overflow = false;
  if (evertoken_client_authorize(client, transfer->url, &transfer->own.authorization, error) != EVERTOKEN_OK) return false;
  if (evertoken_curl_put_on(transfer, transfer->own.authorization)) return true;
  transfer->code = CURLE_OUT_OF_MEMORY;
  return false;
}

/**
 * Judges the response of a transfer that evertoken_curl_begin() prepared and that ended with `code`. True: the token was renewed,
 * and the handle is ready to be sent again; remove it from its multi handle and add it once more. False: the transfer has ended,
 * and `transfer` holds its result. `error` may be NULL; it is set only if no verdict could be obtained.
 *
 * Waits for the renewal after a 401. Threads: as evertoken_curl_begin().
 */
static inline bool evertoken_curl_end(const evertoken_client *client, evertoken_curl *transfer, CURLcode code, evertoken_error **error) {
  const evertoken_authorization *sent =
      transfer->resent ? evertoken_verdict_authorization(transfer->own.resending) : transfer->own.authorization;
  curl_easy_getinfo(transfer->own.curl, CURLINFO_RESPONSE_CODE, &transfer->status);
  evertoken_curl_take_off(transfer);
  if (code == CURLE_OK && evertoken_curl_judge(client, transfer, sent, error) && !transfer->resent
      && evertoken_verdict_action(transfer->own.verdict) == EVERTOKEN_ACTION_RESEND
      && (transfer->rewind == NULL || transfer->rewind(transfer->rewind_data) == 0)) {
    transfer->own.resending = transfer->own.verdict;
    transfer->own.verdict = NULL;
    transfer->resent = true;
    if (evertoken_curl_put_on(transfer, evertoken_verdict_authorization(transfer->own.resending))) return true;
    code = CURLE_OUT_OF_MEMORY;
  }
  evertoken_authorization_free(transfer->own.authorization);
  transfer->own.authorization = NULL;
  evertoken_verdict_free(transfer->own.resending);
  transfer->own.resending = NULL;
  if (code == CURLE_OK && transfer->status == 401 && !transfer->own.overflow && !evertoken_curl_let_through(transfer)) {
    code = CURLE_WRITE_ERROR;
  }
  transfer->code = code;
  return false;
}

/**
 * Performs `transfer` on `curl`: adds the token, and after a 401 renews it and sends the request once more, if that can help.
 * Returns libcurl's code. `error` may be NULL; it is set if there is no token or it may not be sent to the URL: then nothing was
 * sent, the code is CURLE_OK, and `transfer->status` is 0.
 *
 * Threads: as curl_easy_perform(); the client may be shared. Not from a callback of the library.
 */
static inline CURLcode evertoken_curl_perform(const evertoken_client *client, CURL *curl, evertoken_curl *transfer, evertoken_error **error) {
  if (!evertoken_curl_begin(client, curl, transfer, error)) return transfer->code;
  while (evertoken_curl_end(client, transfer, curl_easy_perform(curl), error)) {}
  return transfer->code;
}

/** Frees what a transfer holds, also if it was begun and never ended. Call it before curl_easy_cleanup(). The handle, the headers
    and the URL are not freed. The transfer may then be used again. */
static inline void evertoken_curl_cleanup(evertoken_curl *transfer) {
  evertoken_curl_take_off(transfer);
  evertoken_authorization_free(transfer->own.authorization);
  evertoken_verdict_free(transfer->own.resending);
  evertoken_verdict_free(transfer->own.verdict);
  free(transfer->own.body);
  free(transfer->own.head);
  memset(&transfer->own, 0, sizeof transfer->own);
  transfer->reason = NULL;
  transfer->renewal_error = NULL;
}

#ifdef __cplusplus
}
#endif

#endif
