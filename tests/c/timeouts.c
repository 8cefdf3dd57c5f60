/* The limits of one call: its connection, and a server's silence. */
#define _POSIX_C_SOURCE 200809L

#include "support/peers.h"
#include "support/sandbox.h"
#include "support/waiter.h"

/* For what must not end a wait: a request's deadline, and beyond it, so that it is never the one that does. */
#define LONG_MS 30000
#define LONGER_MS 3600000

static sandbox box;

/* A client with a pasted token, which never waits for one. */
static evertoken_client *pasted_client(const char *base_url, int64_t connect_timeout_ms) {
    evertoken_error *error = NULL;
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    CHECK_OK(evertoken_config_passkit_token(NULL, "pasted", &config, &error));
    CHECK_INT(evertoken_config_set_base_url(config, base_url), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_connect_timeout_ms(config, connect_timeout_ms), EVERTOKEN_OK);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    evertoken_config_free(config);
    return client;
}

static evertoken_request *request_new(const char *method, const char *url) {
    evertoken_error *error = NULL;
    evertoken_request *request = NULL;
    CHECK_OK(evertoken_request_new(method, url, &request, &error));
    CHECK_OK(evertoken_request_set_timeout_ms(request, LONG_MS, &error));
    return request;
}

/* What must end with EVERTOKEN_TIMED_OUT, and say this. */
static void check_timed_out(evertoken_status status, evertoken_error **error, const char *said) {
    CHECK_INT(status, EVERTOKEN_TIMED_OUT);
    if (strstr(evertoken_error_message(*error), said) == NULL) {
        fprintf(stderr, "\"%s\" does not say \"%s\"\n", evertoken_error_message(*error), said);
        exit(1);
    }
    evertoken_error_free(*error);
    *error = NULL;
}

/* The end of a started call that must be the same. */
typedef struct {
    waiter w;
    const char *said;
} expected_timeout;

static void on_timed_out(void *userdata, evertoken_response *response, evertoken_error *error) {
    expected_timeout *e = userdata;
    CHECK(response == NULL);
    check_timed_out(evertoken_error_status(error), &error, e->said);
    waiter_count(&e->w, NULL);
}

/* Sends the request on this thread and in the background. */
static void times_out_both_ways(const evertoken_client *client, const evertoken_request *request, const char *said) {
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    expected_timeout e = {.said = said};
    waiter_init(&e.w);
    CHECK_OK(evertoken_client_send_start(client, request, on_timed_out, &e, NULL, &error));
    check_timed_out(evertoken_client_send(client, request, &response, &error), &error, said);
    waiter_wait(&e.w, 1);
    waiter_destroy(&e.w);
}

static void a_connection_that_does_not_come_about_ends_the_wait(void) {
    evertoken_error *error = NULL;
    deaf_peer peer;
    deaf_peer_open(&peer);
    evertoken_client *client = pasted_client(peer.url, LONGER_MS);
    evertoken_request *request = request_new("GET", "/x");
    CHECK_OK(evertoken_request_set_connect_timeout_ms(request, 50, &error));
    times_out_both_ways(client, request, "no connection to 127.0.0.1");
    evertoken_request_free(request);
    evertoken_client_free(client);
    deaf_peer_close(&peer);
}

static void without_a_limit_of_its_own_a_call_has_the_clients(void) {
    evertoken_error *error = NULL;
    deaf_peer peer;
    deaf_peer_open(&peer);
    evertoken_client *client = pasted_client(peer.url, 50);
    evertoken_request *request = request_new("GET", "/x");
    CHECK_OK(evertoken_request_set_connect_timeout_ms(request, LONGER_MS, &error));
    CHECK_OK(evertoken_request_set_connect_timeout_ms(request, 0, &error));
    times_out_both_ways(client, request, "no connection to 127.0.0.1");
    evertoken_request_free(request);
    evertoken_client_free(client);
    deaf_peer_close(&peer);
}

static void a_call_whose_connection_comes_about_is_left_alone(void) {
    static const int64_t limits[] = {LONG_MS, 0, LONGER_MS, INT64_MAX};
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "timeouts-connected");
    evertoken_request *request = request_new("GET", "/pismo/api/x");
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        evertoken_response *response = NULL;
        CHECK_OK(evertoken_request_set_connect_timeout_ms(request, limits[i], &error));
        CHECK_OK(evertoken_request_set_read_timeout_ms(request, limits[i], &error));
        CHECK_OK(evertoken_client_send(client, request, &response, &error));
        CHECK_INT(evertoken_response_status(response), 200);
        evertoken_response_free(response);
    }
    CHECK_INT(sandbox_count(&box, "pismo.api"), 4);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void a_silent_server_ends_the_wait_and_a_slow_login_does_not(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"gate\"}");
    evertoken_error *error = NULL;
    evertoken_client *slow = pismo_client(&box, "timeouts-slow"), *silent = pasted_client(box.url, LONGER_MS);
    evertoken_request *request = request_new("GET", "/pismo/api/x");
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_request_set_read_timeout_ms(request, 2000, &error));
    CHECK_OK(evertoken_client_send_start(slow, request, count_response, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":2,\"fault\":\"hang\"}");
    /* The login waits as long as this server is given, and longer. */
    times_out_both_ways(silent, request, "127.0.0.1 was silent for 2 s");
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    waiter_destroy(&w);
    evertoken_request_free(request);
    evertoken_client_free(slow);
    evertoken_client_free(silent);
}

static void without_a_limit_any_silence_is_borne(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "timeouts-patient");
    evertoken_token *token = NULL;
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":0,\"fault\":\"gate\"}");
    evertoken_request *patient = request_new("GET", "/pismo/api/x"), *request = request_new("GET", "/pismo/api/x");
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_request_set_read_timeout_ms(patient, 1, &error));
    CHECK_OK(evertoken_request_set_read_timeout_ms(patient, 0, &error));
    CHECK_OK(evertoken_request_set_read_timeout_ms(request, 50, &error));
    CHECK_OK(evertoken_client_send_start(client, patient, count_response, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    times_out_both_ways(client, request, "127.0.0.1 was silent for 0.05 s");
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    waiter_destroy(&w);
    evertoken_request_free(patient);
    evertoken_request_free(request);
    evertoken_client_free(client);
}

/* Gives as many bytes as it is to, anew for each request: one request at a time. */
static ptrdiff_t read_bytes(void *userdata, void *buffer, size_t capacity) {
    size_t *left = userdata, count = *left < capacity ? *left : capacity;
    memset(buffer, 'x', count);
    *left -= count;
    return (ptrdiff_t)count;
}

static void a_body_that_is_sent_to_a_silent_server_ends_the_wait(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pasted_client(box.url, LONGER_MS);
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":0,\"fault\":\"hang\"}");
    for (int started = 0; started < 2; started++) {
        for (int from_function = 0; from_function < 2; from_function++) {
            size_t left = 4;
            evertoken_response *response = NULL;
            evertoken_request *request = request_new("POST", "/passkit/api/x");
            expected_timeout e = {.said = "127.0.0.1 was silent for 0.05 s"};
            waiter_init(&e.w);
            CHECK_OK(evertoken_request_set_read_timeout_ms(request, 50, &error));
            if (from_function == 0) CHECK_OK(evertoken_request_set_body(request, "body", 4, &error));
            else CHECK_OK(evertoken_request_set_body_reader(request, read_bytes, &left, &error));
            if (started == 0) {
                check_timed_out(evertoken_client_send(client, request, &response, &error), &error, e.said);
            } else {
                CHECK_OK(evertoken_client_send_start(client, request, on_timed_out, &e, NULL, &error));
                waiter_wait(&e.w, 1);
            }
            waiter_destroy(&e.w);
            evertoken_request_free(request);
        }
    }
    evertoken_client_free(client);
}

static void a_large_body_is_sent_whole_where_silence_is_watched(void) {
    static char bytes[1000000];
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "timeouts-large");
    for (int from_function = 0; from_function < 2; from_function++) {
        size_t left = sizeof bytes;
        evertoken_response *response = NULL;
        evertoken_request *request = request_new("PUT", "/pismo/api/x");
        CHECK_OK(evertoken_request_set_read_timeout_ms(request, LONG_MS, &error));
        if (from_function == 0) CHECK_OK(evertoken_request_set_body(request, bytes, sizeof bytes, &error));
        else CHECK_OK(evertoken_request_set_body_reader(request, read_bytes, &left, &error));
        CHECK_OK(evertoken_client_send(client, request, &response, &error));
        CHECK_INT(evertoken_response_status(response), 200);
        CHECK(strstr(evertoken_response_body(response, NULL), "\"body_length\":1000000") != NULL);
        evertoken_response_free(response);
        evertoken_request_free(request);
    }
    evertoken_client_free(client);
}

static int take(void *userdata, const void *data, size_t len) {
    char *taken = userdata;
    CHECK(len == 5);
    memcpy(taken, data, len);
    return 0;
}

/* However the answer is had. The limit is long enough for its beginning to come on a busy machine. */
static void an_answer_that_breaks_off_silently_ends_the_wait(void) {
    static const char said[] = "127.0.0.1 was silent for 1 s";
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    stalling_peer peer;
    stalling_peer_open(&peer, 4);
    evertoken_client *client = pasted_client(peer.url, LONGER_MS);
    evertoken_request *request = request_new("GET", "/x");
    expected_timeout e = {.said = said};
    char written[2][6] = {"", ""}, piece[64] = "";
    size_t len = 0;
    waiter_init(&e.w);
    CHECK_OK(evertoken_request_set_read_timeout_ms(request, 1000, &error));
    CHECK_OK(evertoken_client_send_start(client, request, on_timed_out, &e, NULL, &error));
    CHECK_OK(evertoken_request_set_response_writer(request, take, written[0], &error));
    CHECK_OK(evertoken_client_send_start(client, request, on_timed_out, &e, NULL, &error));
    CHECK_OK(evertoken_request_set_streaming(request, 1, &error));
    CHECK_OK(evertoken_client_send(client, request, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    CHECK_OK(evertoken_response_read(response, piece, sizeof piece - 1, &len, &error));
    CHECK_STR(piece, "begun");
    check_timed_out(evertoken_response_read(response, piece, sizeof piece, &len, &error), &error, said);
    CHECK_INT(len, 5);
    evertoken_response_free(response);
    response = NULL;
    CHECK_OK(evertoken_request_set_response_writer(request, take, written[1], &error));
    check_timed_out(evertoken_client_send(client, request, &response, &error), &error, said);
    waiter_wait(&e.w, 2);
    CHECK_STR(written[0], "begun");
    CHECK_STR(written[1], "begun");
    waiter_destroy(&e.w);
    evertoken_request_free(request);
    evertoken_client_free(client);
    stalling_peer_close(&peer);
}

static void values_that_are_no_limits_are_refused_and_change_nothing(void) {
    static const int64_t values[] = {-1, EVERTOKEN_NO_TIMEOUT, -LONG_MS, INT64_MIN};
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"count\":0,\"fault\":\"hang\"}");
    evertoken_error *error = NULL;
    deaf_peer peer;
    deaf_peer_open(&peer);
    evertoken_client *unconnected = pasted_client(peer.url, LONGER_MS), *silent = pasted_client(box.url, LONGER_MS);
    evertoken_request *request = request_new("GET", "/passkit/api/x");
    CHECK_OK(evertoken_request_set_connect_timeout_ms(request, 50, &error));
    CHECK_OK(evertoken_request_set_read_timeout_ms(request, 60, &error));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CHECK_INT(evertoken_request_set_connect_timeout_ms(request, values[i], &error), EVERTOKEN_CONFIG_INVALID);
        CHECK_STR(evertoken_error_message(error), "connect_timeout: must be 0 or more milliseconds; 0 is the client's limit");
        evertoken_error_free(error);
        error = NULL;
        CHECK_INT(evertoken_request_set_read_timeout_ms(request, values[i], &error), EVERTOKEN_CONFIG_INVALID);
        CHECK_STR(evertoken_error_message(error), "read_timeout: must be 0 or more milliseconds; 0 is no limit");
        evertoken_error_free(error);
        error = NULL;
    }
    CHECK_INT(sandbox_count(&box, "total.requests"), 0);
    times_out_both_ways(silent, request, "127.0.0.1 was silent for 0.06 s");
    CHECK_OK(evertoken_request_set_read_timeout_ms(request, 0, &error));
    times_out_both_ways(unconnected, request, "no connection to 127.0.0.1");
    evertoken_request_free(request);
    evertoken_client_free(unconnected);
    evertoken_client_free(silent);
    deaf_peer_close(&peer);
}

int main(void) {
    box = sandbox_start(false);
    RUN(a_connection_that_does_not_come_about_ends_the_wait);
    RUN(without_a_limit_of_its_own_a_call_has_the_clients);
    RUN(a_call_whose_connection_comes_about_is_left_alone);
    RUN(a_silent_server_ends_the_wait_and_a_slow_login_does_not);
    RUN(without_a_limit_any_silence_is_borne);
    RUN(a_body_that_is_sent_to_a_silent_server_ends_the_wait);
    RUN(a_large_body_is_sent_whole_where_silence_is_watched);
    RUN(an_answer_that_breaks_off_silently_ends_the_wait);
    RUN(values_that_are_no_limits_are_refused_and_change_nothing);
    sandbox_stop(&box);
    return 0;
}
