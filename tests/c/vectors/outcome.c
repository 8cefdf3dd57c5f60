#define _POSIX_C_SOURCE 200809L

#include "outcome.h"

#include <ctype.h>
#include <stdarg.h>

#include "../support/check.h"

void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

typedef struct {
    calls *all;
    size_t index;
} place_of_one;

/* One call ended. The handles are moved under the lock, so that a waiting thread sees them whole. */
static void land(void *userdata, outcome landed) {
    place_of_one *one = userdata;
    calls *c = one->all;
    pthread_mutex_lock(&c->lock);
    CHECK(c->outcomes[one->index].error == NULL && c->outcomes[one->index].token == NULL);
    c->outcomes[one->index] = landed;
    c->landed++;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    free(one);
}

static void on_token(void *userdata, evertoken_token *token, evertoken_error *error) {
    CHECK((token == NULL) != (error == NULL));
    land(userdata, (outcome){.token = token, .error = error});
}

static void on_authorization(void *userdata, evertoken_authorization *authorization, evertoken_error *error) {
    CHECK((authorization == NULL) != (error == NULL));
    land(userdata, (outcome){.authorization = authorization, .error = error});
}

static void on_response(void *userdata, evertoken_response *response, evertoken_error *error) {
    CHECK((response == NULL) != (error == NULL));
    land(userdata, (outcome){.response = response, .error = error});
}

static ptrdiff_t read_body(void *userdata, void *buffer, size_t capacity) {
    calls *c = userdata;
    size_t left = strlen(c->body) - c->body_read, count = left < capacity ? left : capacity;
    memcpy(buffer, c->body + c->body_read, count);
    c->body_read += count;
    return (ptrdiff_t)count;
}

static int64_t ms_of(const json *value) {
    return (int64_t)(json_number(value, 0) * 1000.0);
}

static evertoken_request *request_of(calls *c) {
    const json *step = c->step;
    evertoken_request *request = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_request_new(json_text(json_get(step, "method"), "GET"), c->url, &request, &error));
    const json *headers = json_get(step, "headers");
    for (const json *header = headers == NULL ? NULL : headers->first; header != NULL; header = header->next) {
        CHECK_OK(evertoken_request_add_header(request, header->name, json_text(header, ""), &error));
    }
    if (json_true(json_get(step, "one_shot"))) CHECK_OK(evertoken_request_set_body_reader(request, read_body, c, &error));
    else if (c->body != NULL) CHECK_OK(evertoken_request_set_body(request, c->body, strlen(c->body), &error));
    CHECK_OK(evertoken_request_set_timeout_ms(request, ms_of(json_get(step, "timeout")), &error));
    return request;
}

static void call_and_wait(calls *c, const evertoken_client *client, const char *what) {
    outcome *o = c->outcomes;
    if (strcmp(what, "token") == 0) {
        evertoken_client_token_for(client, ms_of(json_get(c->step, "min_ttl")), ms_of(json_get(c->step, "timeout")), &o->token, &o->error);
    } else if (strcmp(what, "authorization") == 0) {
        evertoken_client_authorize(client, c->url, &o->authorization, &o->error);
    } else {
        evertoken_request *request = request_of(c);
        evertoken_client_send(client, request, &o->response, &o->error);
        evertoken_request_free(request);
    }
    c->landed = 1;
}

static void start_one(calls *c, size_t index, const evertoken_client *client, const char *what) {
    evertoken_error *error = NULL;
    place_of_one *one = malloc(sizeof *one);
    CHECK(one != NULL);
    *one = (place_of_one){c, index};
    evertoken_call **call = &c->started[index];
    if (strcmp(what, "token") == 0) {
        int64_t min_ttl_ms = ms_of(json_get(c->step, "min_ttl")), timeout_ms = ms_of(json_get(c->step, "timeout"));
        CHECK_OK(evertoken_client_token_for_start(client, min_ttl_ms, timeout_ms, on_token, one, call, &error));
    } else if (strcmp(what, "authorization") == 0) {
        CHECK_OK(evertoken_client_authorize_start(client, c->url, on_authorization, one, call, &error));
    } else {
        evertoken_request *request = request_of(c);
        CHECK_OK(evertoken_client_send_start(client, request, on_response, one, call, &error));
        evertoken_request_free(request);
    }
}

calls *calls_start(const place *p, evertoken_client *client, const json *step) {
    calls *c = calloc(1, sizeof *c);
    CHECK(c != NULL);
    c->step = step;
    c->count = (size_t)json_number(json_get(step, "callers"), 1);
    c->outcomes = calloc(c->count, sizeof *c->outcomes);
    c->started = calloc(c->count, sizeof *c->started);
    CHECK(c->outcomes != NULL && c->started != NULL);
    CHECK(pthread_mutex_init(&c->lock, NULL) == 0 && pthread_cond_init(&c->changed, NULL) == 0);
    const char *what = json_text(json_get(step, "do"), ""), *url = json_text(json_get(step, "url"), NULL), *body = json_text(json_get(step, "body"), NULL);
    c->url = url == NULL ? NULL : place_fill(p, url);
    c->body = body == NULL ? NULL : copy(body);
    if (c->count == 1 && json_get(step, "id") == NULL) {
        call_and_wait(c, client, what);
    } else {
        for (size_t i = 0; i < c->count; i++) start_one(c, i, client, what);
    }
    return c;
}

void calls_wait(calls *c) {
    pthread_mutex_lock(&c->lock);
    while (c->landed < c->count) pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

void calls_cancel(calls *c) {
    for (size_t i = 0; i < c->count; i++) evertoken_call_cancel(c->started[i]);
}

void calls_free(calls *c) {
    for (size_t i = 0; i < c->count; i++) {
        evertoken_token_free(c->outcomes[i].token);
        evertoken_authorization_free(c->outcomes[i].authorization);
        evertoken_response_free(c->outcomes[i].response);
        evertoken_error_free(c->outcomes[i].error);
        evertoken_call_free(c->started[i]);
    }
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    free(c->outcomes);
    free(c->started);
    free(c->url);
    free(c->body);
    free(c);
}

const char *outcome_value(const outcome *o) {
    if (o->token != NULL) return evertoken_token_value(o->token, NULL);
    if (o->authorization != NULL) return evertoken_authorization_value(o->authorization, NULL);
    return evertoken_response_body(o->response, NULL);
}

void text_check(const char *what, const json *expected, const char *actual) {
    if (expected == NULL) return;
    const char *text = json_text(expected, NULL);
    if ((text == NULL) != (actual == NULL) || (text != NULL && strcmp(text, actual) != 0)) {
        fail("%s: expected %.*s, got %s", what, (int)expected->length, expected->start, actual == NULL ? "null" : actual);
    }
}

void span_check(const char *what, const json *span, int64_t ms) {
    if (span == NULL) return;
    bool fits = ms < 0;
    if (span->type == JSON_ARRAY) {
        double secs = (double)ms / 1000.0;
        fits = ms >= 0 && secs >= json_number(span->first, 0) && secs <= json_number(span->first->next, 0);
    }
    if (!fits) fail("%s: expected %.*s s, got %" PRId64 " ms", what, (int)span->length, span->start, ms);
}

/* Whether `words` are in `text`, letter case and underscores ignored. */
static bool mentions(const char *text, const char *words) {
    for (; *text != '\0'; text++) {
        const char *t = text, *w = words;
        for (;;) {
            while (*w == '_') w++;
            while (*t == '_') t++;
            if (*w == '\0') return true;
            if (tolower((unsigned char)*t) != tolower((unsigned char)*w)) break;
            t++, w++;
        }
    }
    return false;
}

void error_check(const json *expect, const evertoken_error *error) {
    const char *text = evertoken_error_text(error), *message = evertoken_error_provider_message(error, NULL);
    if (error == NULL) fail("expected the error %.*s, got none", (int)expect->length, expect->start);
    if (strcmp(json_text(json_get(expect, "kind"), ""), evertoken_error_code(error)) != 0) fail("kind: expected %s: %s: %s", json_text(json_get(expect, "kind"), "?"), evertoken_error_code(error), text);
    const json *status = json_get(expect, "http_status");
    if (status != NULL && (int)json_number(status, 0) != evertoken_error_http_status(error)) fail("http_status: got %d: %s", evertoken_error_http_status(error), text);
    text_check("provider_code", json_get(expect, "provider_code"), evertoken_error_provider_code(error, NULL));
    const char *words = json_text(json_get(expect, "provider_message"), NULL);
    if (words != NULL && (message == NULL || strstr(message, words) == NULL)) fail("provider_message: %s", text);
    span_check("retry_after", json_get(expect, "retry_after"), evertoken_error_retry_after_ms(error));
    const json *retryable = json_get(expect, "retryable");
    if (retryable != NULL && json_true(retryable) != evertoken_error_retryable(error)) fail("retryable: %s", text);
    const json *list = json_get(expect, "mentions");
    for (const json *entry = list == NULL ? NULL : list->first; entry != NULL; entry = entry->next) {
        if (!mentions(text, json_text(entry, ""))) fail("mentions: \"%s\" is not in \"%s\"", json_text(entry, ""), text);
    }
}

static void response_check(const json *expect, const evertoken_response *response) {
    const json *status = json_get(expect, "status");
    if (status != NULL && (int)json_number(status, 0) != evertoken_response_status(response)) {
        fail("status: expected %.*s, got %d %s", (int)status->length, status->start, evertoken_response_status(response), evertoken_response_body(response, NULL));
    }
    text_check("reason", json_get(expect, "reason"), evertoken_response_reason(response));
    text_check("body", json_get(expect, "body"), evertoken_response_body(response, NULL));
    const json *headers = json_get(expect, "headers");
    for (const json *header = headers == NULL ? NULL : headers->first; header != NULL; header = header->next) {
        text_check(header->name, header, evertoken_response_header(response, header->name, 0, NULL));
    }
}

static const char *saved(const json *names, char *const *values, const char *name) {
    size_t i = 0;
    for (const json *entry = names->first; entry != NULL; entry = entry->next, i++) {
        const char *save = json_text(json_get(entry, "save"), NULL);
        if (save != NULL && strcmp(save, name) == 0 && values[i] != NULL) return values[i];
    }
    fail("nothing is saved as %s", name);
    return "";
}

void calls_check(const calls *c, const json *expect, const json *steps, char *const *values) {
    const json *error = json_get(expect, "error");
    for (size_t i = 0; i < c->count; i++) {
        const outcome *o = &c->outcomes[i];
        if (error != NULL) {
            error_check(error, o->error);
            continue;
        }
        if (o->error != NULL) fail("failed: %s", evertoken_error_text(o->error));
        text_check("value", json_get(expect, "value"), outcome_value(o));
        const char *same = json_text(json_get(expect, "same_as"), NULL), *differs = json_text(json_get(expect, "differs_from"), NULL);
        if (same != NULL && strcmp(saved(steps, values, same), outcome_value(o)) != 0) fail("it is not the value saved as %s", same);
        if (differs != NULL && strcmp(saved(steps, values, differs), outcome_value(o)) == 0) fail("it is the value saved as %s", differs);
        if (o->token != NULL) {
            span_check("expires_in", json_get(expect, "expires_in"), evertoken_token_expires_in_ms(o->token));
            text_check("scope", json_get(expect, "scope"), evertoken_token_scope(o->token, NULL));
        }
        if (o->response != NULL) response_check(expect, o->response);
    }
}
