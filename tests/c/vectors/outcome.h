/* Calls of a step, side by side, and what they come to. */
#ifndef OUTCOME_H
#define OUTCOME_H

#include <pthread.h>

#include "place.h"

/* How one call ended; all but one of the handles are NULL. */
typedef struct {
    evertoken_token *token;
    evertoken_authorization *authorization;
    evertoken_response *response;
    evertoken_error *error;
} outcome;

/* The calls that one step started. */
typedef struct calls {
    const json *step;
    size_t count, landed;
    outcome *outcomes;
    evertoken_call **started;
    char *url, *body;
    size_t body_read;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct calls *next;
} calls;

/* Starts a `token`, `authorization` or `request` step with all its callers. A single caller whose step has no `id` uses the
   calls that wait, so that both forms run every behaviour. */
calls *calls_start(const place *p, evertoken_client *client, const json *step);
/* Waits for all of them. */
void calls_wait(calls *c);
void calls_cancel(calls *c);
void calls_free(calls *c);

/* The value of an outcome: token, header or body; NULL for an error. */
const char *outcome_value(const outcome *o);
/* Ends the program unless each outcome meets `expect`. */
void calls_check(const calls *c, const json *expect, const json *saved_names, char *const *saved_values);
/* Ends the program unless an error is as expected. */
void error_check(const json *expect, const evertoken_error *error);
/* Whether `[low, high]` in seconds, or null for none, fits milliseconds, -1 for none. */
void span_check(const char *what, const json *span, int64_t ms);
/* Ends the program: the vector failed, and this is why. */
void fail(const char *format, ...);
/* `expected` is a text or null; `actual` a text or NULL. */
void text_check(const char *what, const json *expected, const char *actual);

#endif
