/* Answers whose body is written to a function. */
#define _POSIX_C_SOURCE 200809L

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

/* Counts what it is given; fails at the piece after `fails_after` bytes. Tries a call that waits, which must be refused. */
typedef struct {
    size_t total, fails_after;
    int calls;
    const evertoken_client *client;
    pthread_t thread;
    char head[256];
} sink;

static int take(void *userdata, const void *data, size_t len) {
    sink *s = userdata;
    evertoken_token *token = NULL;
    CHECK(len > 0);
    CHECK_INT(evertoken_client_token(s->client, EVERTOKEN_DEFAULT_TIMEOUT, &token, NULL), EVERTOKEN_MISUSE);
    if (s->total < sizeof s->head - 1) memcpy(s->head + s->total, data, len < sizeof s->head - 1 - s->total ? len : sizeof s->head - 1 - s->total);
    s->calls++;
    s->thread = pthread_self();
    s->total += len;
    return s->total > s->fails_after ? 1 : 0;
}

static evertoken_request *download(sink *s) {
    evertoken_error *error = NULL;
    evertoken_request *request = NULL;
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &request, &error));
    CHECK_OK(evertoken_request_set_response_writer(request, take, s, &error));
    return request;
}

static void huge_answers(int count) {
    char body[128];
    sandbox_do(&box, "POST", "/reset", "{}");
    snprintf(body, sizeof body, "{\"route\":\"api\",\"count\":%d,\"fault\":{\"type\":\"huge\",\"bytes\":1000000}}", count);
    sandbox_do(&box, "POST", "/faults", body);
}

static void a_body_is_written_on_the_callers_thread(void) {
    huge_answers(1);
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_client *client = pismo_client(&box, "written");
    sink s = {.fails_after = SIZE_MAX, .client = client};
    evertoken_request *request = download(&s);
    size_t len = 9;
    CHECK_OK(evertoken_client_send(client, request, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    CHECK_INT(s.total, 1000000);
    CHECK(s.calls > 1 && pthread_equal(s.thread, pthread_self()) && s.head[0] == '{');
    CHECK_STR(evertoken_response_body(response, &len), "");
    CHECK_INT(len, 0);
    evertoken_response_free(response);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void a_body_is_written_in_the_background_on_another_thread(void) {
    huge_answers(1);
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "written-started");
    sink s = {.fails_after = SIZE_MAX, .client = client};
    evertoken_request *request = download(&s);
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_send_start(client, request, count_response, &w, NULL, &error));
    evertoken_request_free(request);
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    CHECK_INT(s.total, 1000000);
    CHECK(!pthread_equal(s.thread, pthread_self()));
    waiter_destroy(&w);
    evertoken_client_free(client);
}

static void a_function_that_fails_fails_the_call(void) {
    huge_answers(2);
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_client *client = pismo_client(&box, "written-failed");
    sink s = {.fails_after = 1000, .client = client};
    evertoken_request *request = download(&s);
    waiter w;
    waiter_init(&w);
    CHECK_FAILS(evertoken_client_send(client, request, &response, &error), EVERTOKEN_CALLBACK_FAILED);
    int calls = s.calls;
    CHECK(response == NULL && s.total < 1000000);
    s.total = 0;
    CHECK_OK(evertoken_client_send_start(client, request, count_response, &w, NULL, &error));
    waiter_wait(&w, 1);
    CHECK_INT(w.last_failure, EVERTOKEN_CALLBACK_FAILED);
    CHECK(s.calls > calls && s.total < 1000000);
    waiter_destroy(&w);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void nothing_of_a_healed_401_is_written(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_token *token = NULL;
    evertoken_client *client = pismo_client(&box, "written-healed");
    sink s = {.fails_after = SIZE_MAX, .client = client};
    evertoken_request *request = download(&s);
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    sandbox_do(&box, "POST", "/revoke", "{}");
    CHECK_OK(evertoken_client_send(client, request, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    CHECK(strncmp(s.head, "{\"body_length\":0", 16) == 0);
    CHECK_INT(sandbox_count(&box, "pismo.api_401"), 1);
    evertoken_response_free(response);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

/* Holds the write function until it is let go. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool writing, let_go, returned, over, returned_before_the_end;
} held;

static int hold(void *userdata, const void *data, size_t len) {
    held *h = userdata;
    (void)data, (void)len;
    pthread_mutex_lock(&h->lock);
    h->writing = true;
    pthread_cond_broadcast(&h->changed);
    while (!h->let_go) pthread_cond_wait(&h->changed, &h->lock);
    h->returned = true;
    pthread_mutex_unlock(&h->lock);
    return 0;
}

static void on_over(void *userdata, evertoken_response *response, evertoken_error *error) {
    held *h = userdata;
    CHECK(response == NULL);
    CHECK_INT(evertoken_error_status(error), EVERTOKEN_CANCELLED);
    evertoken_error_free(error);
    pthread_mutex_lock(&h->lock);
    h->returned_before_the_end = h->returned;
    h->over = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void a_cancelled_call_ends_after_its_write_function_has_returned(void) {
    huge_answers(1);
    evertoken_error *error = NULL;
    evertoken_call *call = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "written-cancelled");
    held h = {.over = false};
    CHECK(pthread_mutex_init(&h.lock, NULL) == 0 && pthread_cond_init(&h.changed, NULL) == 0);
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &request, &error));
    CHECK_OK(evertoken_request_set_response_writer(request, hold, &h, &error));
    CHECK_OK(evertoken_client_send_start(client, request, on_over, &h, &call, &error));
    pthread_mutex_lock(&h.lock);
    while (!h.writing) pthread_cond_wait(&h.changed, &h.lock);
    pthread_mutex_unlock(&h.lock);
    evertoken_call_cancel(call);
    pthread_mutex_lock(&h.lock);
    CHECK(!h.over);
    h.let_go = true;
    pthread_cond_broadcast(&h.changed);
    while (!h.over) pthread_cond_wait(&h.changed, &h.lock);
    CHECK(h.returned_before_the_end);
    pthread_mutex_unlock(&h.lock);
    evertoken_call_free(call);
    evertoken_request_free(request);
    evertoken_client_free(client);
    pthread_mutex_destroy(&h.lock);
    pthread_cond_destroy(&h.changed);
}

static ptrdiff_t read_some(void *userdata, void *buffer, size_t capacity) {
    size_t *left = userdata, count = *left < capacity ? *left : capacity;
    memset(buffer, 'x', count);
    *left -= count;
    return (ptrdiff_t)count;
}

static void functions_both_ways(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "written-and-read");
    waiter w;
    waiter_init(&w);
    for (int started = 0; started < 2; started++) {
        size_t left = 200000;
        sink s = {.fails_after = SIZE_MAX, .client = client};
        evertoken_response *response = NULL;
        CHECK_OK(evertoken_request_new("PUT", "/pismo/api/x", &request, &error));
        CHECK_OK(evertoken_request_set_body_reader(request, read_some, &left, &error));
        CHECK_OK(evertoken_request_set_response_writer(request, take, &s, &error));
        if (started == 0) {
            CHECK_OK(evertoken_client_send(client, request, &response, &error));
            evertoken_response_free(response);
        } else {
            CHECK_OK(evertoken_client_send_start(client, request, count_response, &w, NULL, &error));
            waiter_wait(&w, 1);
            CHECK_INT(w.successes, 1);
        }
        CHECK(strncmp(s.head, "{\"body_length\":200000", 21) == 0);
        evertoken_request_free(request);
    }
    waiter_destroy(&w);
    evertoken_client_free(client);
}

int main(void) {
    box = sandbox_start(false);
    RUN(a_body_is_written_on_the_callers_thread);
    RUN(a_body_is_written_in_the_background_on_another_thread);
    RUN(a_function_that_fails_fails_the_call);
    RUN(nothing_of_a_healed_401_is_written);
    RUN(a_cancelled_call_ends_after_its_write_function_has_returned);
    RUN(functions_both_ways);
    sandbox_stop(&box);
    return 0;
}
