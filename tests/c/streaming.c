/* Bodies that are read from a function and answers that are read piece by piece. */
#define _POSIX_C_SOURCE 200809L

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

/* Gives `left` bytes of 'x' and then ends, or fails if it is to. Tries a call that waits, which must be refused. */
typedef struct {
    size_t left;
    bool fails;
    int calls;
    evertoken_client *client;
    pthread_t thread;
} source;

static ptrdiff_t read_source(void *userdata, void *buffer, size_t capacity) {
    source *s = userdata;
    evertoken_token *token = NULL;
    s->calls++;
    s->thread = pthread_self();
    CHECK_INT(evertoken_client_token(s->client, EVERTOKEN_DEFAULT_TIMEOUT, &token, NULL), EVERTOKEN_MISUSE);
    if (s->left == 0 && s->fails) return -1;
    size_t count = s->left < capacity ? s->left : capacity;
    memset(buffer, 'x', count);
    s->left -= count;
    return (ptrdiff_t)count;
}

static evertoken_request *upload(source *s) {
    evertoken_error *error = NULL;
    evertoken_request *request = NULL;
    CHECK_OK(evertoken_request_new("PUT", "/pismo/api/upload", &request, &error));
    CHECK_OK(evertoken_request_add_header(request, "X-Test", "streamed", &error));
    CHECK_OK(evertoken_request_set_body_reader(request, read_source, s, &error));
    return request;
}

static void check_upload(const evertoken_response *response, const char *body_length) {
    CHECK_INT(evertoken_response_status(response), 200);
    const char *body = evertoken_response_body(response, NULL);
    CHECK(strstr(body, body_length) != NULL && strstr(body, "\"x-test\":\"streamed\"") != NULL);
}

static void a_body_is_read_from_a_function_on_the_callers_thread(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    source s = {.left = 300000, .client = pismo_client(&box, "upload")};
    evertoken_request *request = upload(&s);
    CHECK_OK(evertoken_client_send(s.client, request, &response, &error));
    check_upload(response, "\"body_length\":300000");
    CHECK(s.left == 0 && s.calls >= 2 && pthread_equal(s.thread, pthread_self()));
    evertoken_response_free(response);
    evertoken_request_free(request);
    evertoken_client_free(s.client);
}

typedef struct {
    waiter w;
    const char *body_length;
} expected_upload;

static void on_uploaded(void *userdata, evertoken_response *response, evertoken_error *error) {
    expected_upload *e = userdata;
    if (response != NULL) check_upload(response, e->body_length);
    evertoken_response_free(response);
    waiter_count(&e->w, error);
}

static void a_body_is_read_in_the_background_on_another_thread(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    source s = {.left = 300000, .client = pismo_client(&box, "upload-started")};
    expected_upload e = {.body_length = "\"body_length\":300000"};
    waiter_init(&e.w);
    evertoken_request *request = upload(&s);
    CHECK_OK(evertoken_client_send_start(s.client, request, on_uploaded, &e, NULL, &error));
    evertoken_request_free(request);
    waiter_wait(&e.w, 1);
    CHECK_INT(e.w.successes, 1);
    CHECK(s.left == 0 && !pthread_equal(s.thread, pthread_self()));
    waiter_destroy(&e.w);
    evertoken_client_free(s.client);
}

static void a_function_that_fails_fails_the_call(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    source s = {.left = 100000, .fails = true, .client = pismo_client(&box, "upload-failed")};
    expected_upload e = {.body_length = ""};
    waiter_init(&e.w);
    evertoken_request *request = upload(&s);
    CHECK_FAILS(evertoken_client_send(s.client, request, &response, &error), EVERTOKEN_CALLBACK_FAILED);
    s.left = 100000;
    CHECK_OK(evertoken_client_send_start(s.client, request, on_uploaded, &e, NULL, &error));
    waiter_wait(&e.w, 1);
    CHECK_INT(e.w.last_failure, EVERTOKEN_CALLBACK_FAILED);
    waiter_destroy(&e.w);
    evertoken_request_free(request);
    evertoken_client_free(s.client);
}

static void a_function_is_not_asked_before_there_is_a_token(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"unauthorized\"}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    source s = {.left = 10, .client = pismo_client(&box, "upload-early")};
    evertoken_request *request = upload(&s);
    CHECK_FAILS(evertoken_client_send(s.client, request, &response, &error), EVERTOKEN_CREDENTIALS_REJECTED);
    CHECK_INT(s.calls, 0);
    evertoken_request_free(request);
    evertoken_client_free(s.client);
}

static void a_refused_upload_is_given_back_and_the_next_call_works(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_token *token = NULL;
    source s = {.left = 10, .client = pismo_client(&box, "upload-refused")};
    evertoken_request *request = upload(&s);
    CHECK_OK(evertoken_client_token(s.client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    sandbox_do(&box, "POST", "/revoke", "{}");
    CHECK_OK(evertoken_client_send(s.client, request, &response, &error));
    CHECK_INT(evertoken_response_status(response), 401);
    CHECK_STR(evertoken_response_reason(response), "body_not_replayable");
    CHECK(evertoken_response_error(response) == NULL);
    evertoken_response_free(response);
    CHECK_OK(evertoken_client_request(s.client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    CHECK(evertoken_response_reason(response) == NULL);
    evertoken_response_free(response);
    CHECK_INT(sandbox_count(&box, "total.login"), 2);
    evertoken_request_free(request);
    evertoken_client_free(s.client);
}

/* Cancelled while its body is being read: the callback comes after the function has returned for the last time. */
typedef struct {
    source s;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool reading, over;
} endless;

static ptrdiff_t read_endless(void *userdata, void *buffer, size_t capacity) {
    endless *e = userdata;
    pthread_mutex_lock(&e->lock);
    CHECK(!e->over);
    e->reading = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
    memset(buffer, 'x', capacity);
    return (ptrdiff_t)capacity;
}

static void on_over(void *userdata, evertoken_response *response, evertoken_error *error) {
    endless *e = userdata;
    CHECK(response == NULL);
    CHECK_INT(evertoken_error_status(error), EVERTOKEN_CANCELLED);
    evertoken_error_free(error);
    pthread_mutex_lock(&e->lock);
    e->over = true;
    pthread_cond_broadcast(&e->changed);
    pthread_mutex_unlock(&e->lock);
}

static void a_cancelled_upload_reads_no_more(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_call *call = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "upload-cancelled");
    endless e = {.over = false};
    CHECK(pthread_mutex_init(&e.lock, NULL) == 0 && pthread_cond_init(&e.changed, NULL) == 0);
    CHECK_OK(evertoken_request_new("PUT", "/pismo/api/upload", &request, &error));
    CHECK_OK(evertoken_request_set_body_reader(request, read_endless, &e, &error));
    CHECK_OK(evertoken_request_set_timeout_ms(request, EVERTOKEN_NO_TIMEOUT, &error));
    CHECK_OK(evertoken_client_send_start(client, request, on_over, &e, &call, &error));
    pthread_mutex_lock(&e.lock);
    while (!e.reading) pthread_cond_wait(&e.changed, &e.lock);
    pthread_mutex_unlock(&e.lock);
    evertoken_call_cancel(call);
    pthread_mutex_lock(&e.lock);
    while (!e.over) pthread_cond_wait(&e.changed, &e.lock);
    pthread_mutex_unlock(&e.lock);
    evertoken_call_free(call);
    evertoken_request_free(request);
    evertoken_client_free(client);
    pthread_mutex_destroy(&e.lock);
    pthread_cond_destroy(&e.changed);
}

static void an_answer_is_read_piece_by_piece(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":2,\"fault\":{\"type\":\"huge\",\"bytes\":1000000}}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "download");
    char piece[7000];
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &request, &error));
    for (int streaming = 0; streaming < 2; streaming++) {
        CHECK_OK(evertoken_request_set_streaming(request, streaming, &error));
        CHECK_OK(evertoken_client_send(client, request, &response, &error));
        size_t length = 99, total = 0, whole = 0;
        CHECK((evertoken_response_body(response, &whole) == NULL) == (streaming == 1));
        CHECK_OK(evertoken_response_read(response, NULL, 0, &length, &error));
        CHECK_INT(length, 0);
        do {
            CHECK_OK(evertoken_response_read(response, piece, sizeof piece, &length, &error));
            total += length;
        } while (length > 0);
        CHECK_INT(total, strtol(evertoken_response_header(response, "content-length", 0, NULL), NULL, 10));
        CHECK(total >= 900000 && (streaming == 1 || whole == total));
        CHECK_OK(evertoken_response_read(response, piece, sizeof piece, &length, &error));
        CHECK_INT(length, 0);
        evertoken_response_free(response);
    }
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void an_answer_that_breaks_off_says_so(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"fault\":{\"type\":\"truncate\"}}");
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "broken");
    char piece[64];
    size_t length = 0;
    evertoken_status status = EVERTOKEN_OK;
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &request, &error));
    CHECK_OK(evertoken_request_set_streaming(request, 1, &error));
    CHECK_OK(evertoken_client_send(client, request, &response, &error));
    do status = evertoken_response_read(response, piece, sizeof piece, &length, &error);
    while (status == EVERTOKEN_OK && length > 0);
    CHECK_INT(status, EVERTOKEN_UNREACHABLE);
    evertoken_error_free(error);
    evertoken_response_free(response);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void authorization_is_not_the_callers_to_set(void) {
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    evertoken_request *request = NULL;
    evertoken_client *client = pismo_client(&box, "own-header");
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &request, &error));
    CHECK_OK(evertoken_request_add_header(request, "authorization", "Basic x", &error));
    CHECK_FAILS(evertoken_client_send(client, request, &response, &error), EVERTOKEN_CONFIG_INVALID);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

int main(void) {
    box = sandbox_start(false);
    RUN(a_body_is_read_from_a_function_on_the_callers_thread);
    RUN(a_body_is_read_in_the_background_on_another_thread);
    RUN(a_function_that_fails_fails_the_call);
    RUN(a_function_is_not_asked_before_there_is_a_token);
    RUN(a_refused_upload_is_given_back_and_the_next_call_works);
    RUN(a_cancelled_upload_reads_no_more);
    RUN(an_answer_is_read_piece_by_piece);
    RUN(an_answer_that_breaks_off_says_so);
    RUN(authorization_is_not_the_callers_to_set);
    sandbox_stop(&box);
    return 0;
}
