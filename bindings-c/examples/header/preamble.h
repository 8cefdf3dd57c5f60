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
