/**
 * @file evertoken.h
 * Evertoken: a bearer token that is always valid. C99 and C++11.
 *
 * Generated from bindings-c/src; do not edit.
 *
 * A client logs in (Pismo, PassKit, WSO2, any OAuth2 password or client-credentials server, JSON logins that you describe),
 * keeps the token, renews it in time and recovers from a 401. There are two ways to use it. evertoken_client_request() sends
 * a request and does everything. evertoken_client_authorize() and evertoken_client_judge() serve an HTTP client of your own,
 * such as libcurl (evertoken_curl.h).
 *
 * Conventions that every function follows:
 *
 * - Names are evertoken_<noun>_<verb>. Arguments come in the order receiver, inputs, outputs, error.
 * - A function that can fail returns evertoken_status: EVERTOKEN_OK, or why it failed. Outputs are written only with
 *   EVERTOKEN_OK (except the length of evertoken_client_authorization_copy(), see there), and `error` only otherwise.
 *   `error` may be NULL; otherwise you must free *error.
 * - A function that reads something from a handle cannot fail. For NULL it returns what its comment says.
 * - NULL never crashes. A `_free` of NULL is a no-op. A handle that was freed or has another type gives EVERTOKEN_MISUSE as
 *   long as its memory still shows it; do not rely on that.
 * - A receiver that is `const` may be used by any number of threads at the same time, any other by one at a time.
 * - Whoever receives a handle through an output or a callback owns it and frees it with the `_free` of its type. A handle that
 *   is returned as a `const` pointer belongs to the handle it came from and lives as long.
 * - Input texts are UTF-8, NUL-terminated, and copied. Returned texts are NUL-terminated, live as long as the handle they
 *   came from, and have their length written to `len` if it is not NULL.
 * - Callbacks get their `userdata` unchanged. Those of a `_start` function run exactly once if and only if it returned
 *   EVERTOKEN_OK. No callback runs under a lock. Inside a callback, a call that would wait gives EVERTOKEN_MISUSE.
 * - Names contain the unit: `_ms`, `_unix_secs`. A missing number is -1, or 0 where the comment says so.
 * - Input flags are `int`: 0 is no, anything else is yes.
 * - No thread and no connection is started before the first call that needs one. After fork() every handle works in the
 *   child; calls that were in progress continue in the parent only. Do not fork from a callback.
 * - No error, event, state or other text contains a secret, except for evertoken_token_value(),
 *   evertoken_authorization_value() and evertoken_client_authorization_copy(), whose purpose it is.
 */

#ifndef EVERTOKEN_H
#define EVERTOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The version of this header; evertoken_version() is the library's. */
#define EVERTOKEN_VERSION "0.1.0"
/** The same, part by part. */
#define EVERTOKEN_VERSION_MAJOR 0
/** The same, part by part. */
#define EVERTOKEN_VERSION_MINOR 1
/** The same, part by part. */
#define EVERTOKEN_VERSION_PATCH 0

/** As `timeout_ms`: the client's own timeout. */
#define EVERTOKEN_DEFAULT_TIMEOUT 0
/** As `timeout_ms`: wait for as long as it takes. */
#define EVERTOKEN_NO_TIMEOUT (-1)

/// The outcome of a call. Numbers are stable and never reused; new ones may be added, so keep a `default:`.
///
/// 70xx is the error table that all languages share; 71xx is about the C call itself.
typedef enum {
  /// Success.
  EVERTOKEN_OK = 0,
  /// An option, a credential or a URL is missing, malformed or contradicts another: correct what the message names.
  EVERTOKEN_CONFIG_INVALID = 7001,
  /// The server refused the credentials, the grant or the scope. Logins stay paused until they change or evertoken_client_reset().
  EVERTOKEN_CREDENTIALS_REJECTED = 7002,
  /// The server says that the account is locked: have it unlocked, then evertoken_client_reset().
  EVERTOKEN_LOCKED_OUT = 7003,
  /// The server asked for fewer requests: wait evertoken_error_retry_after_ms().
  EVERTOKEN_RATE_LIMITED = 7004,
  /// The server failed: call again later.
  EVERTOKEN_SERVER_UNAVAILABLE = 7005,
  /// No connection could be made, or it was lost.
  EVERTOKEN_UNREACHABLE = 7006,
  /// The TLS handshake failed: name the server's CA with evertoken_config_set_ca_file().
  EVERTOKEN_TLS = 7007,
  /// No response came in time.
  EVERTOKEN_TIMED_OUT = 7008,
  /// The server's response is not what was asked for, such as a web page instead of a token.
  EVERTOKEN_BAD_RESPONSE = 7009,
  /// The server keeps issuing a token that was refused or is about to expire.
  EVERTOKEN_SAME_TOKEN = 7010,
  /// The token must not be sent to this URL; evertoken_config_allow_origin() allows it.
  EVERTOKEN_ORIGIN_REFUSED = 7011,
  /// evertoken_call_cancel() was called.
  EVERTOKEN_CANCELLED = 7012,
  /// The client was closed.
  EVERTOKEN_CLOSED = 7013,
  /// Reserved for token stores; nothing fails with it yet.
  EVERTOKEN_STORE = 7014,
  /// A defect in this library.
  EVERTOKEN_INTERNAL = 7015,
  /// A required pointer is NULL. Nothing was done.
  EVERTOKEN_NULL_ARGUMENT = 7101,
  /// A text is not UTF-8. Nothing was done.
  EVERTOKEN_BAD_UTF8 = 7102,
  /// A defect in this library was caught. The handles are still valid.
  EVERTOKEN_PANIC = 7103,
  /// The call is not allowed: it would wait inside a callback, or a handle was freed or has another type.
  EVERTOKEN_MISUSE = 7104,
  /// The buffer is too small; the length is the required capacity.
  EVERTOKEN_BUFFER_TOO_SMALL = 7105,
  /// Your read or write function reported a failure.
  EVERTOKEN_CALLBACK_FAILED = 7106,
} evertoken_status;

/// What to do about a response.
typedef enum {
  /// Nothing: this is the response.
  EVERTOKEN_ACTION_DONE = 0,
  /// Send the same request again with the verdict's authorization, then judge that response as well.
  EVERTOKEN_ACTION_RESEND = 1,
  /// Nothing: this is the response, a 401 that could not be recovered from. evertoken_verdict_reason() says why.
  EVERTOKEN_ACTION_GIVE_BACK = 2,
} evertoken_action;

/// How serious a log line is.
typedef enum {
  /// A defect in this library.
  EVERTOKEN_LOG_ERROR = 1,
  /// Something to be fixed: a rejected login, a secret in clear text in a profile, certificates that are not checked.
  EVERTOKEN_LOG_WARN = 2,
  /// A new token.
  EVERTOKEN_LOG_INFO = 3,
  /// Every step, such as an attempt of a login and the pause before the next.
  EVERTOKEN_LOG_DEBUG = 4,
} evertoken_log_level;

/// Permission to send one request with the token: the header's value, and which token it carries. Pass it to
/// evertoken_client_judge() with the response.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_authorization_free(), which wipes it; a
/// `const` one belongs to the handle that lent it. Threads: any; it never changes.
/// Methods: evertoken_client_authorize, _authorize_start; evertoken_authorization_value, _fingerprint, _generation,
/// _is_resend, _free.
typedef struct evertoken_authorization evertoken_authorization;

/// A started call.
///
/// Its callback runs exactly once if and only if the _start function returned EVERTOKEN_OK: on a library thread, never
/// under a lock, possibly before the _start function returns. The callback owns what it receives: either the result or the
/// error; the other is NULL. The userdata must stay valid until then, also after evertoken_client_free(). There are two
/// library threads, so a callback should be brief; it must not throw, and calls that wait give EVERTOKEN_MISUSE in it.
///
/// Owner: the caller, who frees it with evertoken_call_free() at any time, also in the callback; that cancels nothing. A
/// caller that will not cancel passes NULL for `call` and has nothing to free.
/// Threads: any. A call that was started before fork() continues in the parent only.
/// Methods: evertoken_client_token_start, _token_for_start, _authorize_start, _judge_start, _request_start, _send_start;
/// evertoken_call_cancel, _free.
typedef struct evertoken_call evertoken_call;

/// A client for one identity and one API. Clients with the same identity in one process share one token and its renewal.
///
/// Owner: the caller, who frees it with evertoken_client_free() once no other thread is inside a call with it. Calls that were
/// started with a _start function may still be in progress: they complete as usual, and their callbacks run.
/// Threads: any number at the same time. After fork() it works in the child as well.
/// Methods: evertoken_client_new; _token, _token_for, _token_start; _authorize, _authorize_start, _authorization_copy,
/// _judge, _judge_start; _request, _request_start, _send, _send_start; _subscribe, _state, _stats, _identity;
/// _reset, _invalidate, _close, _revoke_and_close, _free.
typedef struct evertoken_client evertoken_client;

/// How to log in, and where the token may be sent. Nothing is checked before evertoken_client_new(), whose error names the
/// option at fault.
///
/// The status of a setter may be ignored: the first failure is kept, and evertoken_client_new() reports it.
///
/// Owner: the caller, who frees it with evertoken_config_free(), at the earliest after evertoken_client_new(); it may
/// make several clients. Threads: one at a time.
/// Methods: evertoken_config_new, _profile, _pismo, _passkit, _passkit_token, _wso2, _password, _client_credentials, _json_login;
/// _set_text, _set_number, _set_flag, _set_list, _set_entry; the _set_… of the common options; _free.
typedef struct evertoken_config evertoken_config;

/// Why a call failed. It contains no secret and no raw response, so all of it may be logged.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_error_free(). A `const evertoken_error *`
/// belongs to the handle that lent it. Threads: any; it never changes.
/// Methods: evertoken_error_status, _code, _message, _text, _hint, _http_status, _provider_code, _provider_message,
/// _identity, _fingerprint, _retry_after_ms, _retryable, _free.
typedef struct evertoken_error evertoken_error;

/// Something that happened to an identity. Tokens appear as fingerprints only, so all of it may be logged.
///
/// Owner: the library; it is valid during the callback only. Threads: the callback's.
/// Methods: evertoken_event_name, _identity, _fingerprint, _via, _expires_in_ms, _reason, _error, _pause_ms.
typedef struct evertoken_event evertoken_event;

/// A request that is described before it is sent: for what evertoken_client_request() has no parameter for.
///
/// Owner: the caller, who frees it with evertoken_request_free(), at the earliest after evertoken_client_send() or
/// _send_start() returned, which copy it. It may be sent several times. Threads: one at a time.
/// Methods: evertoken_request_new, _add_header, _set_body, _set_body_reader, _set_timeout_ms, _set_connect_timeout_ms,
/// _set_read_timeout_ms, _set_follow_redirects, _set_streaming, _set_response_writer, _free.
typedef struct evertoken_request evertoken_request;

/// The API's response: status, headers and body.
///
/// Owner: whoever receives it from a call or a callback frees it with evertoken_response_free(). Threads: one at a time; any
/// number for a response whose body was read whole.
/// Methods: evertoken_client_request, _request_start, _send, _send_start; evertoken_response_status, _header,
/// _header_count, _header_at, _body, _read, _url, _reason, _error, _free.
typedef struct evertoken_response evertoken_response;

/// The state of an identity at the time of the call.
///
/// Owner: the caller, who frees it with evertoken_state_free(). Threads: any; it never changes.
/// Methods: evertoken_client_state; evertoken_state_standing, _expires_in_ms, _fingerprint, _via, _last_error,
/// _next_try_in_ms, _free.
typedef struct evertoken_state evertoken_state;

/// The subscription of a callback to events or log lines.
///
/// Owner: the caller, who frees it with evertoken_subscription_free(). Threads: any.
/// Methods: evertoken_client_subscribe, evertoken_log_subscribe; evertoken_subscription_free.
typedef struct evertoken_subscription evertoken_subscription;

/// A token that was valid when it was returned, and what is known about it. It does not change when the client renews its
/// token.
///
/// Owner: whoever receives it frees it with evertoken_token_free(), which wipes it. Threads: any; it never changes.
/// Methods: evertoken_token_value, _expires_at_unix_secs, _expires_in_ms, _scope, _fingerprint, _generation, _free.
typedef struct evertoken_token evertoken_token;

/// What to do about a response.
///
/// Owner: whoever receives it frees it with evertoken_verdict_free(). Threads: any; it never changes.
/// Methods: evertoken_client_judge, _judge_start; evertoken_verdict_action, _authorization, _reason, _error, _free.
typedef struct evertoken_verdict evertoken_verdict;

/// Counters of an identity since its first use in this process. New ones will be added at the end.
typedef struct {
  /// Tokens returned by calls that did not use the cached header.
  uint64_t tokens_served;
  /// Flights that were started: renewals with their attempts.
  uint64_t flights;
  /// Flights that ended without a token.
  uint64_t failures;
  /// Logins that returned a token.
  uint64_t logins;
  /// Refreshes that returned a token.
  uint64_t refreshes;
  /// 401 responses that were judged.
  uint64_t refused;
  /// Requests sent again after a 401.
  uint64_t resends;
  /// 401s returned to the caller.
  uint64_t given_back;
  /// Callers waiting for a flight now.
  uint64_t waiting;
} evertoken_stats;

/// A header of a request or a response.
typedef struct {
  /// The name, in any case.
  const char *name;
  /// The value.
  const char *value;
} evertoken_header;

/// Reads the next piece of a request's body: writes up to `capacity` bytes to `buffer` and returns their number; 0 at the
/// end; a negative number on failure, which ends the call with EVERTOKEN_CALLBACK_FAILED.
///
/// It runs in evertoken_client_send() on the caller's thread, in evertoken_client_send_start() on a library thread that may
/// block; once at a time, and never after evertoken_client_send() has returned or the callback of
/// evertoken_client_send_start() has been called. Calls of this library that wait give EVERTOKEN_MISUSE in it.
typedef ptrdiff_t (*evertoken_read_callback)(void *userdata, void *buffer, size_t capacity);

/// Takes the next piece of a response's body, `len` bytes that are valid during the callback only. Returns 0 to continue;
/// anything else ends the call with EVERTOKEN_CALLBACK_FAILED.
///
/// It runs in evertoken_client_send() on the caller's thread, in evertoken_client_send_start() on a library thread that may
/// block; once at a time, and never after evertoken_client_send() has returned or the callback of
/// evertoken_client_send_start() has been called. It gets the body of the final response only, not that of a redirect or of
/// a 401 before the resend. Calls of this library that wait give EVERTOKEN_MISUSE in it.
typedef int (*evertoken_write_callback)(void *userdata, const void *data, size_t len);

/// Receives an event. It runs on the thread that caused the event, which may be one of yours inside a call of this library
/// or one of the library's, and on several at the same time; never under a lock. It should be brief and must not throw; calls
/// that wait give EVERTOKEN_MISUSE in it.
typedef void (*evertoken_event_callback)(void *userdata, const evertoken_event *event);

/// Receives a log line of `len` bytes, ended by a NUL: what happened, then `name=value` pairs. It contains no secret and no
/// line break, and is valid during the callback only.
///
/// It runs on the thread that logged the line, which may be one of yours inside a call of this library or one of the
/// library's, and on several at the same time; never under a lock. It should be brief and must not throw; calls that wait
/// give EVERTOKEN_MISUSE in it.
typedef void (*evertoken_log_callback)(void *userdata, evertoken_log_level level, const char *line, size_t len);

/// Receives a token or an error, and must free it.
typedef void (*evertoken_token_callback)(void *userdata, evertoken_token *token, evertoken_error *error);

/// Receives an authorization or an error, and must free it.
typedef void (*evertoken_authorization_callback)(void *userdata,
                                                 evertoken_authorization *authorization,
                                                 evertoken_error *error);

/// Receives a verdict or an error, and must free it.
typedef void (*evertoken_verdict_callback)(void *userdata, evertoken_verdict *verdict, evertoken_error *error);

/// Receives a response or an error, and must free it.
typedef void (*evertoken_response_callback)(void *userdata,
                                            evertoken_response *response,
                                            evertoken_error *error);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/// The stable string of a status, such as `"rate_limited"`; `"ok"` for 0, `"unknown_status"` for any other number.
///
/// Static, never NULL, the same in all languages. Threads: any.
const char *evertoken_status_str(int status);

/// Whether a status usually means that the same call may succeed later without a change to the configuration. For a
/// particular error, evertoken_error_retryable() is more exact.
///
/// Any number may be passed. Threads: any.
bool evertoken_status_is_retryable(int status);

/// The library's version, such as `"0.1.0"`; compare with EVERTOKEN_VERSION of the header. Static. Threads: any.
const char *evertoken_version(void);

/// Frees an error. NULL is a no-op, and so is a `const` one that another handle lent.
void evertoken_error_free(evertoken_error *error);

/// The status that the call returned; EVERTOKEN_OK for NULL.
evertoken_status evertoken_error_status(const evertoken_error *error);

/// The stable string of the status, such as `"credentials_rejected"`; `"ok"` for NULL. Static.
const char *evertoken_error_code(const evertoken_error *error);

/// What happened: one line, without identity and hint; `""` for NULL. Lives as long as the error.
const char *evertoken_error_message(const evertoken_error *error);

/// The complete error in one line, for a log: what happened, the provider's message, the identity, what to do; `""` for
/// NULL. Lives as long as the error.
const char *evertoken_error_text(const evertoken_error *error);

/// What to do about it; `""` for NULL. Lives as long as the error.
const char *evertoken_error_hint(const evertoken_error *error);

/// The status of the HTTP response that caused it; 0 if there was none.
int evertoken_error_http_status(const evertoken_error *error);

/// The provider's own code, such as `invalid_grant` or `900901`; NULL if it gave none. `len` may be NULL. Lives as long
/// as the error.
const char *evertoken_error_provider_code(const evertoken_error *error,
                                          size_t *len);

/// The provider's own message, at most 300 characters, secrets removed; NULL if it gave none. `len` may be NULL. Lives as
/// long as the error.
const char *evertoken_error_provider_message(const evertoken_error *error,
                                             size_t *len);

/// The identity it concerns, without secrets; NULL if there is none. `len` may be NULL. Lives as long as the error.
const char *evertoken_error_identity(const evertoken_error *error,
                                     size_t *len);

/// The fingerprint of the token it concerns (8 hex digits); NULL if there is none. `len` may be NULL. Lives as long as
/// the error.
const char *evertoken_error_fingerprint(const evertoken_error *error,
                                        size_t *len);

/// How long to wait before the next attempt, in milliseconds; -1 if that is unknown.
int64_t evertoken_error_retry_after_ms(const evertoken_error *error);

/// Whether the same call may succeed later without a change to the configuration. False for NULL.
bool evertoken_error_retryable(const evertoken_error *error);

/// A configuration of the flow with this name: `pismo`, `passkit`, `wso2`, `password`, `client_credentials` or
/// `json_login`. All options are set by name.
evertoken_status evertoken_config_new(const char *flow_name,
                                      evertoken_config **config,
                                      evertoken_error **error);

/// The profile `name` of an `evertoken.toml`: the file at `path`, or for NULL the first of `$EVERTOKEN_CONFIG`,
/// `./evertoken.toml` and `evertoken/evertoken.toml` below `$XDG_CONFIG_HOME`. Setters change it further.
///
/// Waits while a command of the profile runs, at most 30 s for each. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_config_profile(const char *name,
                                          const char *path,
                                          evertoken_config **config,
                                          evertoken_error **error);

/// Pismo Passport, server to server. `base_url` is the API's URL: `https://sandbox.pismolabs.io`, or the production host that
/// Pismo gives you. See also evertoken_config_set_account_id().
evertoken_status evertoken_config_pismo(const char *base_url,
                                        const char *server_key,
                                        const char *server_secret,
                                        evertoken_config **config,
                                        evertoken_error **error);

/// PassKit with user name and password. `region` is `pub1` (Europe; also for NULL) or `pub2` (USA). In the wrong region the
/// login succeeds but the account's data are missing.
evertoken_status evertoken_config_passkit(const char *region,
                                          const char *username,
                                          const char *password,
                                          evertoken_config **config,
                                          evertoken_error **error);

/// PassKit with a long-lived token pasted from its portal. It cannot be renewed: a 401 is given back. `region` as in
/// evertoken_config_passkit().
evertoken_status evertoken_config_passkit_token(const char *region,
                                                const char *token,
                                                evertoken_config **config,
                                                evertoken_error **error);

/// A WSO2 gateway, password grant. `token_url` such as `https://gateway:8243/token`; `username` whole
/// (`john@johns.org@johnsorg`), or without the organization and then evertoken_config_set_text(config, "organization", …).
evertoken_status evertoken_config_wso2(const char *token_url,
                                       const char *consumer_key,
                                       const char *consumer_secret,
                                       const char *username,
                                       const char *password,
                                       evertoken_config **config,
                                       evertoken_error **error);

/// Any OAuth2 server, password grant (RFC 6749 section 4.3). `client_id` and `client_secret` may be NULL if the server needs
/// none. The option `basic` says how they are sent: `form` (default), `percent`, `raw` or `body`.
evertoken_status evertoken_config_password(const char *token_url,
                                           const char *client_id,
                                           const char *client_secret,
                                           const char *username,
                                           const char *password,
                                           evertoken_config **config,
                                           evertoken_error **error);

/// Any OAuth2 server, client credentials grant (RFC 6749 section 4.4). The option `basic` as in evertoken_config_password().
evertoken_status evertoken_config_client_credentials(const char *token_url,
                                                     const char *client_id,
                                                     const char *client_secret,
                                                     evertoken_config **config,
                                                     evertoken_error **error);

/// A login with a JSON body that you describe: evertoken_config_set_entry(config, "body", "user", …) for each field, then
/// `token_field`, `expires_field` and the other options of the flow if the defaults do not fit.
evertoken_status evertoken_config_json_login(const char *token_url,
                                             evertoken_config **config,
                                             evertoken_error **error);

/// Frees a configuration and wipes its secrets. NULL is a no-op. Clients made from it are not affected.
void evertoken_config_free(evertoken_config *config);

/// Sets a text option by its name, replacing an earlier value.
evertoken_status evertoken_config_set_text(evertoken_config *config, const char *option, const char *value);

/// Sets a number option by its name; durations are seconds, fractions allowed.
evertoken_status evertoken_config_set_number(evertoken_config *config, const char *option, double value);

/// Switches an option on (any number but 0) or off (0) by its name.
evertoken_status evertoken_config_set_flag(evertoken_config *config, const char *option, int on);

/// Sets an option that is a list of texts, such as `scope`, by its name. `values` are `count` texts.
evertoken_status evertoken_config_set_list(evertoken_config *config,
                                           const char *option,
                                           const char *const *values,
                                           size_t count);

/// Sets one entry of an option that is a table of texts by its name: `body` and `extra_headers` of `json_login`,
/// `extra_fields` and `extra_headers` of the OAuth2 flows.
evertoken_status evertoken_config_set_entry(evertoken_config *config,
                                            const char *option,
                                            const char *key,
                                            const char *value);

/// The API's URL: relative URLs are below it, and its origin may receive the token. Default: the provider's own host, else the token URL's.
evertoken_status evertoken_config_set_base_url(evertoken_config *config,
                                               const char *url);

/// A further origin (scheme, host and port of this URL) that may receive the token. May be called several times.
evertoken_status evertoken_config_allow_origin(evertoken_config *config,
                                               const char *url);

/// Pismo: the account that the token is limited to. It is part of the token's identity. Default: none, the token is not
/// limited.
evertoken_status evertoken_config_set_account_id(evertoken_config *config,
                                                 int64_t account_id);

/// The scope to ask for, words separated by spaces (RFC 6749 section 3.3). Default: none, the server decides.
evertoken_status evertoken_config_set_scope(evertoken_config *config, const char *scope);

/// The auth-scheme before the token, default `Bearer` (RFC 6750 section 2.1); `""` sends the token alone.
evertoken_status evertoken_config_set_auth_scheme(evertoken_config *config, const char *scheme);

/// Deadline of a login with all its attempts, and of every call that sets none of its own. Default
/// 30000: long enough for a slow login, short enough for a caller.
evertoken_status evertoken_config_set_timeout_ms(evertoken_config *config, int64_t timeout_ms);

/// How long it may take to establish a connection. Default 5000: one that is not established by then rarely is later.
evertoken_status evertoken_config_set_connect_timeout_ms(evertoken_config *config,
                                                         int64_t timeout_ms);

/// The lifetime of a token if the server states none. Default: the provider's (Pismo 600000), else until refused.
evertoken_status evertoken_config_set_default_life_ms(evertoken_config *config,
                                                      int64_t life_ms);

/// With no more than this lifetime left, a token is renewed in the background while it is still served. Default 20 % of its lifetime, at
/// least 5000 and at most 300000.
evertoken_status evertoken_config_set_soft_window_ms(evertoken_config *config,
                                                     int64_t window_ms);

/// With no more than this lifetime left, callers wait for the next token. Default 2 % of its lifetime, at least 1000 and at most 10000.
evertoken_status evertoken_config_set_hard_window_ms(evertoken_config *config,
                                                     int64_t window_ms);

/// Attempts of one login while there is no token to serve: 1 to 10, default 3.
evertoken_status evertoken_config_set_max_attempts(evertoken_config *config, int attempts);

/// A file of PEM certificates to trust in addition to the platform's and Mozilla's. Default: none.
evertoken_status evertoken_config_set_ca_file(evertoken_config *config, const char *path);

/// A PEM file with a certificate chain; its unencrypted key is there (`key_path` NULL) or in a second file.
evertoken_status evertoken_config_set_client_cert(evertoken_config *config,
                                                  const char *certificate_path,
                                                  const char *key_path);

/// The proxy for all requests: an `http`, `https`, `socks5` or `socks5h` URL, which may contain the proxy's
/// credentials. Default: the environment's (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`) except for this machine.
evertoken_status evertoken_config_set_proxy(evertoken_config *config,
                                            const char *url);

/// The `User-Agent` header. Default `evertoken/` and the version.
evertoken_status evertoken_config_set_user_agent(evertoken_config *config, const char *agent);

/// Renew by timer even without traffic. Default off: an idle program should not keep logging in.
evertoken_status evertoken_config_set_keep_warm(evertoken_config *config, int on);

/// Allow http to hosts that are not this machine. Default off: everyone on the network path can read secrets and tokens.
evertoken_status evertoken_config_set_allow_insecure_http(evertoken_config *config,
                                                          int on);

/// Makes a client. Checks the whole configuration; the error names the option at fault. Starts no thread and sends nothing.
evertoken_status evertoken_client_new(const evertoken_config *config,
                                      evertoken_client **client,
                                      evertoken_error **error);

/// Frees a client. NULL is a no-op. Does not wait: started calls continue without it, so this may be called from a callback
/// as well.
void evertoken_client_free(evertoken_client *client);

/// Closes the client: later calls give EVERTOKEN_CLOSED, calls in progress complete as usual, other clients of the identity
/// are not affected. Idempotent; does not wait. The handle must still be freed.
void evertoken_client_close(const evertoken_client *client);

/// Closes the client and revokes the token at the server (RFC 7009), if the provider has a revocation endpoint. The client is
/// closed even if the status says that the revocation failed. Threads: any. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_client_revoke_and_close(const evertoken_client *client,
                                                   evertoken_error **error);

/// Ends pauses after failures and rejected credentials. To be called once the cause of the failures is fixed.
void evertoken_client_reset(const evertoken_client *client);

/// Makes the next call renew the token, as if an API had refused it.
void evertoken_client_invalidate(const evertoken_client *client);

/// Who logs in where, without secrets: fit for a log. NULL for NULL. `len` may be NULL. Lives as long as the client.
const char *evertoken_client_identity(const evertoken_client *client,
                                      size_t *len);

/// Reads the counters of the client's identity into `stats`. `stats_size` is `sizeof *stats`: newer counters that the
/// caller's header does not have are left out.
evertoken_status evertoken_client_stats(const evertoken_client *client,
                                        evertoken_stats *stats,
                                        size_t stats_size,
                                        evertoken_error **error);

/// Gets the current state of the client's identity. Does not wait.
evertoken_status evertoken_client_state(const evertoken_client *client,
                                        evertoken_state **state,
                                        evertoken_error **error);

/// Frees a state. NULL is a no-op.
void evertoken_state_free(evertoken_state *state);

/// How usable the token is. `"fresh"`: it is served; `"soft"`: it is served and due for renewal; `"expired"`: it has expired
/// or was refused; `"none"`: there is none yet; `"locked_out"`: there is none, because the credentials were rejected and
/// logins are paused. NULL for NULL. Lives as long as the state.
const char *evertoken_state_standing(const evertoken_state *state);

/// The token's remaining lifetime in milliseconds; -1 without a token, or if it lives until refused.
int64_t evertoken_state_expires_in_ms(const evertoken_state *state);

/// The token's fingerprint (8 hex digits); NULL without a token. `len` may be NULL. Lives as long as the state.
const char *evertoken_state_fingerprint(const evertoken_state *state,
                                        size_t *len);

/// How the token was obtained: `"login"`, `"refresh"` or `"store"`; NULL without a token. Lives as long as the state.
const char *evertoken_state_via(const evertoken_state *state);

/// The last failure since the last success; NULL if there is none. It belongs to the state.
const evertoken_error *evertoken_state_last_error(const evertoken_state *state);

/// How long token requests are paused, in milliseconds; -1 if they are not.
int64_t evertoken_state_next_try_in_ms(const evertoken_state *state);

/// Gets a token that is valid now: from the cache if possible, otherwise after a login or refresh that all waiting callers
/// share. Waits no longer than `timeout_ms` (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit); the login then
/// continues for the next caller.
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_client_token(const evertoken_client *client,
                                        int64_t timeout_ms,
                                        evertoken_token **token,
                                        evertoken_error **error);

/// As evertoken_client_token(), for a token that stays valid for at least `min_ttl_ms`. If tokens have no longer lifetime
/// than that, half their lifetime is required instead.
evertoken_status evertoken_client_token_for(const evertoken_client *client,
                                            int64_t min_ttl_ms,
                                            int64_t timeout_ms,
                                            evertoken_token **token,
                                            evertoken_error **error);

/// Frees a token and wipes it. NULL is a no-op.
void evertoken_token_free(evertoken_token *token);

/// The token itself; do not log it. NULL for NULL. `len` may be NULL. Lives as long as the token.
const char *evertoken_token_value(const evertoken_token *token, size_t *len);

/// When it expires on this machine's wall clock, in Unix seconds; -1 if it lives until refused.
int64_t evertoken_token_expires_at_unix_secs(const evertoken_token *token);

/// Its remaining lifetime in milliseconds when it was returned; -1 if it lives until refused.
int64_t evertoken_token_expires_in_ms(const evertoken_token *token);

/// The granted scope, separated by spaces; NULL if the server named none. `len` may be NULL. Lives as long as the token.
const char *evertoken_token_scope(const evertoken_token *token,
                                  size_t *len);

/// The first 8 hex digits of the token's SHA-256: for logs. NULL for NULL. `len` may be NULL. Lives as long as the token.
const char *evertoken_token_fingerprint(const evertoken_token *token,
                                        size_t *len);

/// The token's number, unique in this process; a later token has a higher one. 0 for NULL.
uint64_t evertoken_token_generation(const evertoken_token *token);

/// Gets the authorization for a request to `url`, absolute or below the base URL; NULL stands for the base URL. If there is
/// no valid token, waits for a login, no longer than the client's timeout. A URL of a foreign origin is
/// EVERTOKEN_ORIGIN_REFUSED.
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_client_authorize(const evertoken_client *client,
                                            const char *url,
                                            evertoken_authorization **authorization,
                                            evertoken_error **error);

/// The fast path: copies the header's value for the base URL, such as `Bearer abc`, with its NUL into `buffer` and its
/// length without the NUL into `*len`. Takes no lock, no allocation and no waiting while the token is fresh; otherwise as
/// evertoken_client_authorize().
///
/// With EVERTOKEN_BUFFER_TOO_SMALL `*len` is the required capacity, the one case in which an output is written without
/// EVERTOKEN_OK. 8 KiB are enough for any token that servers accept.
///
/// Threads: any. From a callback it uses the cache only, and gives EVERTOKEN_MISUSE if it would have to wait.
evertoken_status evertoken_client_authorization_copy(const evertoken_client *client,
                                                     char *buffer,
                                                     size_t capacity,
                                                     size_t *len,
                                                     evertoken_error **error);

/// Frees an authorization and wipes it. NULL is a no-op, and so is a `const` one that another handle lent.
void evertoken_authorization_free(evertoken_authorization *authorization);

/// The value of the `Authorization` header, such as `Bearer abc`; do not log it. NULL for NULL. `len` may be NULL. Lives
/// as long as the authorization.
const char *evertoken_authorization_value(const evertoken_authorization *authorization,
                                          size_t *len);

/// The token's fingerprint (8 hex digits): for logs. NULL for NULL. `len` may be NULL. Lives as long as the authorization.
const char *evertoken_authorization_fingerprint(const evertoken_authorization *authorization,
                                                size_t *len);

/// The token's number, unique in this process; a later token has a higher one. 0 for NULL.
uint64_t evertoken_authorization_generation(const evertoken_authorization *authorization);

/// Whether this is for the one resend after a 401. False for NULL.
bool evertoken_authorization_is_resend(const evertoken_authorization *authorization);

/// Decides what to do about a response: nothing, send the request again with another header, or give the 401 back. Renews
/// the token if that may help against the 401; callers whose requests were refused with the same token share one renewal.
/// Call it for every response: a success shows that the API accepts the token, and takes no time.
///
/// `authorization` is what the request was sent with, `status` the response's status, `headers` its `header_count` headers,
/// `body_prefix` the first `body_prefix_len` bytes of its body (a few kilobytes are enough; NULL and 0 are allowed).
/// `replayable` says whether the request's whole body can be sent again (0: no). `timeout_ms` limits the wait for a renewal
/// (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit).
///
/// A failed renewal is not a failure of this call: the verdict then gives the 401 back, with evertoken_verdict_error().
///
/// Threads: any. Not from a callback unless `status` is other than 401: EVERTOKEN_MISUSE.
evertoken_status evertoken_client_judge(const evertoken_client *client,
                                        const evertoken_authorization *authorization,
                                        int status,
                                        const evertoken_header *headers,
                                        size_t header_count,
                                        const void *body_prefix,
                                        size_t body_prefix_len,
                                        int replayable,
                                        int64_t timeout_ms,
                                        evertoken_verdict **verdict,
                                        evertoken_error **error);

/// Frees a verdict. NULL is a no-op.
void evertoken_verdict_free(evertoken_verdict *verdict);

/// What to do; EVERTOKEN_ACTION_DONE for NULL.
evertoken_action evertoken_verdict_action(const evertoken_verdict *verdict);

/// What to send again with; NULL unless the action is EVERTOKEN_ACTION_RESEND. It belongs to the verdict.
const evertoken_authorization *evertoken_verdict_authorization(const evertoken_verdict *verdict);

/// Why the 401 is given back; NULL unless the action is EVERTOKEN_ACTION_GIVE_BACK. Lives as long as the verdict.
///
/// `"insufficient_rights"`: the token is not the cause, but a missing right, a subscription, a quota or the like;
/// `"refused_again"`: the resend was refused too;
/// `"body_not_replayable"`: the body cannot be sent again, and the token is renewed for the next call; `"renewal_failed"`:
/// see evertoken_verdict_error(); `"storm_guard"`: recent renewals did not help, and none is made for a while;
/// `"not_renewable"`: a pasted token; `"same_token"`: the server issued the refused token again; `"foreign_origin"`: the
/// request did not carry the token.
const char *evertoken_verdict_reason(const evertoken_verdict *verdict);

/// The error of the renewal, if one was made and failed, otherwise NULL. It belongs to the verdict.
const evertoken_error *evertoken_verdict_error(const evertoken_verdict *verdict);

/// A request to `url`, absolute or below the client's base URL, with `method` such as `GET`.
evertoken_status evertoken_request_new(const char *method,
                                       const char *url,
                                       evertoken_request **request,
                                       evertoken_error **error);

/// Adds a header. `Authorization` is refused when the request is sent, because the client sets it.
evertoken_status evertoken_request_add_header(evertoken_request *request,
                                              const char *name,
                                              const char *value,
                                              evertoken_error **error);

/// Sets the body: a copy of `body_len` bytes. It can be sent again after a 401.
evertoken_status evertoken_request_set_body(evertoken_request *request,
                                            const void *body,
                                            size_t body_len,
                                            evertoken_error **error);

/// Has the body read by a function while it is sent (chunked, unless a `Content-Length` is added). It cannot be sent again:
/// a 401 is given back as `"body_not_replayable"`, and the token is renewed for the next call.
evertoken_status evertoken_request_set_body_reader(evertoken_request *request,
                                                   evertoken_read_callback read,
                                                   void *userdata,
                                                   evertoken_error **error);

/// Sets the deadline of the whole call, including waiting for the token and reading the body. 0, the default: the client's
/// timeout; EVERTOKEN_NO_TIMEOUT: no deadline, except that of waiting for a token.
evertoken_status evertoken_request_set_timeout_ms(evertoken_request *request,
                                                  int64_t timeout_ms,
                                                  evertoken_error **error);

/// Sets how long establishing a connection may take. 0, the default: the client's limit. Calls with another value use
/// connections of their own. There is always a limit: negative values, also EVERTOKEN_NO_TIMEOUT, are
/// EVERTOKEN_CONFIG_INVALID.
evertoken_status evertoken_request_set_connect_timeout_ms(evertoken_request *request,
                                                          int64_t timeout_ms,
                                                          evertoken_error **error);

/// Sets how long the server may be silent, that is, no piece of the response arrives and no piece of the body is sent. Each
/// piece restarts the time, also in evertoken_response_read(). Establishing a connection counts, waiting for a token does
/// not. 0, the default: no limit but the deadline; negative values, also EVERTOKEN_NO_TIMEOUT, are EVERTOKEN_CONFIG_INVALID.
evertoken_status evertoken_request_set_read_timeout_ms(evertoken_request *request,
                                                       int64_t timeout_ms,
                                                       evertoken_error **error);

/// Sets whether redirects are followed; default yes. On every hop the token is sent to allowed origins only.
evertoken_status evertoken_request_set_follow_redirects(evertoken_request *request,
                                                        int on,
                                                        evertoken_error **error);

/// Sets whether the response is returned as soon as its head has arrived, so that its body must still be read with
/// evertoken_response_read(); default no.
evertoken_status evertoken_request_set_streaming(evertoken_request *request,
                                                 int on,
                                                 evertoken_error **error);

/// Has the response's body passed to a function as it arrives. The response is returned after the last piece, with an empty
/// body. Replaces evertoken_request_set_streaming(), and is replaced by it.
evertoken_status evertoken_request_set_response_writer(evertoken_request *request,
                                                       evertoken_write_callback write,
                                                       void *userdata,
                                                       evertoken_error **error);

/// Frees the request. NULL is a no-op.
void evertoken_request_free(evertoken_request *request);

/// Frees a response, read to its end or not. NULL is a no-op.
void evertoken_response_free(evertoken_response *response);

/// The HTTP status, such as 200; 0 for NULL.
int evertoken_response_status(const evertoken_response *response);

/// The URL of the request that got this response, after redirects. NULL for NULL. `len` may be NULL. Lives as long as the
/// response.
const char *evertoken_response_url(const evertoken_response *response,
                                   size_t *len);

/// The value of the header `name`, whose case does not matter; of several with that name the one at `index`, from 0. NULL if
/// there is none. `len` may be NULL. Lives as long as the response.
const char *evertoken_response_header(const evertoken_response *response,
                                      const char *name,
                                      size_t index,
                                      size_t *len);

/// The number of headers; a name that occurs twice counts twice. 0 for NULL.
size_t evertoken_response_header_count(const evertoken_response *response);

/// Writes the name (in lower case) and value of the header at `index`, from 0, which live as long as the response. Returns
/// false, and writes nothing, if there is none.
bool evertoken_response_header_at(const evertoken_response *response,
                                  size_t index,
                                  evertoken_header *header);

/// The whole body, followed by a NUL that `*len` does not count. NULL for NULL and for a streamed response. `len` may be
/// NULL. Lives as long as the response.
const char *evertoken_response_body(const evertoken_response *response,
                                    size_t *len);

/// Reads the next piece of the body: writes up to `capacity` bytes to `buffer` and their number to `*len`; 0 at the end.
/// For a streamed response it waits for the piece, within the call's timeouts.
///
/// Threads: one at a time per response. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_response_read(evertoken_response *response,
                                         void *buffer,
                                         size_t capacity,
                                         size_t *len,
                                         evertoken_error **error);

/// Why a 401 could not be recovered from, as one of the strings of evertoken_verdict_reason(); NULL for any other response.
/// Lives as long as the response.
const char *evertoken_response_reason(const evertoken_response *response);

/// The error of the renewal that failed after the 401; NULL if there was none. It belongs to the response.
const evertoken_error *evertoken_response_error(const evertoken_response *response);

/// Sends a request to `url`, absolute or below the base URL, with the token, and waits for the whole response. After a 401
/// the token is renewed and the request sent again, once. Every response is EVERTOKEN_OK here, also a 401 that could not be
/// recovered from: see evertoken_response_reason().
///
/// `body` has `body_len` bytes; NULL and 0 send none. `timeout_ms` limits the whole call, including waiting for the token
/// (0: the client's timeout; EVERTOKEN_NO_TIMEOUT: no limit, except that of waiting for a token).
///
/// Threads: any. Not from a callback: EVERTOKEN_MISUSE.
evertoken_status evertoken_client_request(const evertoken_client *client,
                                          const char *method,
                                          const char *url,
                                          const void *body,
                                          size_t body_len,
                                          int64_t timeout_ms,
                                          evertoken_response **response,
                                          evertoken_error **error);

/// Sends a request that was described with evertoken_request_new(); otherwise as evertoken_client_request().
evertoken_status evertoken_client_send(const evertoken_client *client,
                                       const evertoken_request *request,
                                       evertoken_response **response,
                                       evertoken_error **error);

/// Calls `callback` with every event of the client's identity, also those of other clients of the identity, until the
/// subscription is freed. The subscription outlives the client.
evertoken_status evertoken_client_subscribe(const evertoken_client *client,
                                            evertoken_event_callback callback,
                                            void *userdata,
                                            evertoken_subscription **subscription,
                                            evertoken_error **error);

/// What happened. `"flight_started"`: a token request is about to be made; `"token_installed"`: there is a new token;
/// `"flight_failed"`: a renewal ended without one; `"refused"`: the API refused a token with 401; `"resent"`: a request is
/// sent again; `"given_back"`: a 401 is returned to the caller; `"locked_out"`: the credentials were rejected and logins are
/// paused. NULL for NULL. Names may be added.
const char *evertoken_event_name(const evertoken_event *event);

/// The identity, without secrets: fit for a log. NULL for NULL. `len` may be NULL.
const char *evertoken_event_identity(const evertoken_event *event, size_t *len);

/// The fingerprint of the token that it concerns (8 hex digits); NULL if it concerns none. `len` may be NULL.
const char *evertoken_event_fingerprint(const evertoken_event *event, size_t *len);

/// `token_installed`: how the token was obtained, `"login"`, `"refresh"` or `"store"`; otherwise NULL.
const char *evertoken_event_via(const evertoken_event *event);

/// `token_installed`: the new token's remaining lifetime in milliseconds; -1 if it lives until refused, and for other events.
int64_t evertoken_event_expires_in_ms(const evertoken_event *event);

/// `given_back`: why, as one of the strings of evertoken_verdict_reason(); otherwise NULL.
const char *evertoken_event_reason(const evertoken_event *event);

/// `flight_failed`, `locked_out`: why; otherwise NULL. It belongs to the event.
const evertoken_error *evertoken_event_error(const evertoken_event *event);

/// `locked_out`: how long logins are paused, in milliseconds; otherwise -1.
int64_t evertoken_event_pause_ms(const evertoken_event *event);

/// Calls `callback` with every log line of this process whose level is `level` (an evertoken_log_level) or more serious,
/// until the subscription is freed. Without a subscription nothing is logged.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_log_subscribe(int level,
                                         evertoken_log_callback callback,
                                         void *userdata,
                                         evertoken_subscription **subscription,
                                         evertoken_error **error);

/// Frees a subscription. Afterwards no callback runs or will run, so the userdata may be freed. It waits for callbacks that
/// run on other threads, so do not hold a lock that they take; called from its own callback, it does not wait for that one.
/// NULL is a no-op.
void evertoken_subscription_free(evertoken_subscription *subscription);

/// Starts evertoken_client_token(). `callback` receives the token; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_token_start(const evertoken_client *client,
                                              int64_t timeout_ms,
                                              evertoken_token_callback callback,
                                              void *userdata,
                                              evertoken_call **call,
                                              evertoken_error **error);

/// Starts evertoken_client_token_for(). `callback` receives the token; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_token_for_start(const evertoken_client *client,
                                                  int64_t min_ttl_ms,
                                                  int64_t timeout_ms,
                                                  evertoken_token_callback callback,
                                                  void *userdata,
                                                  evertoken_call **call,
                                                  evertoken_error **error);

/// Starts evertoken_client_authorize(). `callback` receives the authorization; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_authorize_start(const evertoken_client *client,
                                                  const char *url,
                                                  evertoken_authorization_callback callback,
                                                  void *userdata,
                                                  evertoken_call **call,
                                                  evertoken_error **error);

/// Starts evertoken_client_judge(), which copies what it is given. `callback` receives the verdict; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_judge_start(const evertoken_client *client,
                                              const evertoken_authorization *authorization,
                                              int status,
                                              const evertoken_header *headers,
                                              size_t header_count,
                                              const void *body_prefix,
                                              size_t body_prefix_len,
                                              int replayable,
                                              int64_t timeout_ms,
                                              evertoken_verdict_callback callback,
                                              void *userdata,
                                              evertoken_call **call,
                                              evertoken_error **error);

/// Starts evertoken_client_request(), which copies the body. `callback` receives the response; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_request_start(const evertoken_client *client,
                                                const char *method,
                                                const char *url,
                                                const void *body,
                                                size_t body_len,
                                                int64_t timeout_ms,
                                                evertoken_response_callback callback,
                                                void *userdata,
                                                evertoken_call **call,
                                                evertoken_error **error);

/// Starts evertoken_client_send(), which copies the request. `callback` receives the response; see evertoken_call.
///
/// Threads: any, callbacks included.
evertoken_status evertoken_client_send_start(const evertoken_client *client,
                                             const evertoken_request *request,
                                             evertoken_response_callback callback,
                                             void *userdata,
                                             evertoken_call **call,
                                             evertoken_error **error);

/// Cancels a started call: its callback runs soon with EVERTOKEN_CANCELLED, unless it has run already or is running. A login
/// continues, because other callers may wait for it. Cancelling again, or NULL, is a no-op. Threads: any.
void evertoken_call_cancel(const evertoken_call *call);

/// Frees the handle of a started call; the call continues. NULL is a no-op. Threads: any.
void evertoken_call_free(evertoken_call *call);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EVERTOKEN_H */
