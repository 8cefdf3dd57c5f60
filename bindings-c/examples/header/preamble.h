/**
 * @file evertoken.h
 * Evertoken: a bearer token that is always valid. C99 and C++11.
 *
 * Generated from bindings-c/src; do not edit.
 *
 * A client logs in (Pismo, PassKit, WSO2, any OAuth2 password or client-credentials server, JSON logins of your own), keeps
 * the token, renews it in time and heals a 401. Two ways to use it: evertoken_client_request() sends a request and does all
 * of it; evertoken_client_authorize() and evertoken_client_judge() do it for an HTTP client of your own, such as libcurl
 * (evertoken_curl.h).
 *
 * Conventions, kept by every function:
 *
 * - Names are evertoken_<noun>_<verb>. Arguments come in the order receiver, inputs, outputs, error.
 * - A function that can fail returns evertoken_status, EVERTOKEN_OK or why not. Outputs are written only with EVERTOKEN_OK
 *   (the length of evertoken_client_authorization_copy() is the one exception, told there); `error` only otherwise. `error`
 *   may be NULL; else *error is yours to free.
 * - A function that reads something from a handle cannot fail: for NULL it returns what its comment says.
 * - NULL is always answered, never crashed on. A `_free` of NULL is a no-op. A handle that was freed, or is of another
 *   type, is answered with EVERTOKEN_MISUSE for as long as its memory still shows it; that guard is no promise.
 * - A receiver that is `const` may be used by any number of threads at the same time, one that is not by one at a time.
 * - Whoever receives a handle through an output or a callback owns it and frees it with the `_free` of its type. A handle behind
 *   a `const` pointer that is returned belongs to the one it came from and lives as long.
 * - Texts in are UTF-8, ended by NUL, and copied. Texts out are ended by NUL, live as long as the handle they came from, and
 *   give their length where a `len` that is not NULL is passed.
 * - Callbacks get their `userdata` back untouched. Those of a `_start` function run exactly once if and only if it returned
 *   EVERTOKEN_OK. Nothing calls back under a lock. A call that waits is EVERTOKEN_MISUSE inside a callback.
 * - Units are in the name: `_ms`, `_unix_secs`. A number that is not there is -1, or 0 where the comment says so.
 * - Flags in are `int`: 0 is no, anything else is yes.
 * - Nothing starts a thread or a connection before the first call that needs one. After fork() every handle works in the
 *   child; calls under way at that moment go on in the parent only. Do not fork from a callback.
 * - No error, event, state or other text shows a secret, but for evertoken_token_value(), evertoken_authorization_value() and
 *   evertoken_client_authorization_copy(), whose purpose it is.
 */
