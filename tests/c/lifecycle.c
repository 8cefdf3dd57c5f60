/* Cancelling, closing and freeing while things are under way; what callbacks may do. */
#define _POSIX_C_SOURCE 200809L

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

static void gate(const char *route) {
    char body[128];
    sandbox_do(&box, "POST", "/reset", "{}");
    snprintf(body, sizeof body, "{\"route\":\"%s\",\"fault\":\"gate\"}", route);
    sandbox_do(&box, "POST", "/faults", body);
}

static void a_cancelled_call_answers_once_and_the_login_goes_on(void) {
    gate("login");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "cancel");
    evertoken_call *call = NULL;
    evertoken_token *token = NULL;
    waiter cancelled, kept;
    waiter_init(&cancelled);
    waiter_init(&kept);
    CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &cancelled, &call, &error));
    CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &kept, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    evertoken_call_cancel(call);
    evertoken_call_cancel(call);
    waiter_wait(&cancelled, 1);
    CHECK_INT(cancelled.last_failure, EVERTOKEN_CANCELLED);
    evertoken_call_cancel(call); /* after the fact */
    evertoken_call_free(call);
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&kept, 1);
    CHECK_INT(kept.successes, 1);
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    CHECK_INT(cancelled.runs, 1);
    waiter_destroy(&cancelled);
    waiter_destroy(&kept);
    evertoken_client_free(client);
}

static void a_thousand_calls_are_cancelled_one_by_one(void) {
    enum { CALLS = 1000 };
    gate("api");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "cancel-many");
    evertoken_call *started[CALLS];
    waiter w;
    waiter_init(&w);
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"gate\"}");
    for (int i = 0; i < CALLS; i++) {
        CHECK_OK(evertoken_client_request_start(client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_NO_TIMEOUT, count_response, &w, &started[i], &error));
    }
    for (int i = 0; i < CALLS; i++) evertoken_call_cancel(started[i]);
    waiter_wait(&w, CALLS);
    CHECK_INT(w.failures, CALLS);
    CHECK_INT(w.last_failure, EVERTOKEN_CANCELLED);
    for (int i = 0; i < CALLS; i++) evertoken_call_free(started[i]);
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_destroy(&w);
    evertoken_client_free(client);
}

static void a_client_freed_in_flight_keeps_its_promises(void) {
    gate("login");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "freed");
    waiter w;
    waiter_init(&w);
    for (int i = 0; i < 100; i++) CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    evertoken_client_free(client);
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, 100);
    CHECK_INT(w.successes, 100);
    waiter_destroy(&w);
}

static void a_client_closed_in_flight_lets_its_calls_end(void) {
    gate("api");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "closed");
    evertoken_token *token = NULL;
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_request_start(client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_NO_TIMEOUT, count_response, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    evertoken_client_close(client);
    CHECK_FAILS(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_CLOSED);
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, 1);
    CHECK_INT(w.successes, 1);
    waiter_destroy(&w);
    evertoken_client_free(client);
}

static void closing_can_revoke(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    char token_url[128], revoke_url[128];
    evertoken_error *error = NULL;
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_token *token = NULL;
    snprintf(token_url, sizeof token_url, "%s/plain/token", box.url);
    snprintf(revoke_url, sizeof revoke_url, "%s/plain/revoke", box.url);
    CHECK_OK(evertoken_config_client_credentials(token_url, sandbox_credential(&box, "plain.client_id"), sandbox_credential(&box, "plain.client_secret"), &config, &error));
    CHECK_INT(evertoken_config_set_text(config, "revoke_url", revoke_url), EVERTOKEN_OK);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    CHECK_OK(evertoken_client_revoke_and_close(client, &error));
    CHECK(sandbox_count(&box, "plain.revoke") >= 1);
    CHECK_FAILS(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_CLOSED);
    evertoken_client_free(client);
    evertoken_config_free(config);
}

typedef struct {
    waiter w;
    evertoken_client *client;
    evertoken_call *call;
} inside;

/* In a callback: waiting is refused, what the cache has is served, starting, freeing and cancelling are allowed. */
static void try_everything(void *userdata, evertoken_token *token, evertoken_error *started_error) {
    inside *i = userdata;
    evertoken_error *error = NULL;
    evertoken_token *other = NULL;
    evertoken_authorization *authorization = NULL;
    evertoken_response *response = NULL;
    evertoken_verdict *verdict = NULL;
    char text[4096];
    size_t len = 0;
    CHECK(token != NULL && started_error == NULL);
    CHECK_FAILS(evertoken_client_token(i->client, EVERTOKEN_DEFAULT_TIMEOUT, &other, &error), EVERTOKEN_MISUSE);
    CHECK_FAILS(evertoken_client_authorize(i->client, NULL, &authorization, &error), EVERTOKEN_MISUSE);
    CHECK_FAILS(evertoken_client_request(i->client, "GET", "/pismo/api/x", NULL, 0, 0, &response, &error), EVERTOKEN_MISUSE);
    CHECK_FAILS(evertoken_client_revoke_and_close(i->client, &error), EVERTOKEN_MISUSE);
    evertoken_status copied = evertoken_client_authorization_copy(i->client, text, sizeof text, &len, NULL);
    CHECK(copied == EVERTOKEN_OK || copied == EVERTOKEN_MISUSE);
    (void)verdict;
    evertoken_token_free(token);
    evertoken_call_free(i->call);
    CHECK_OK(evertoken_client_token_start(i->client, EVERTOKEN_NO_TIMEOUT, count_token, &i->w, NULL, &error));
    evertoken_client_free(i->client);
    waiter_count(&i->w, NULL);
}

static void a_callback_may_start_and_free_but_not_wait(void) {
    gate("login"); /* so that the call is written before the callback can run */
    evertoken_error *error = NULL;
    inside i = {.client = pismo_client(&box, "inside")};
    waiter_init(&i.w);
    CHECK_OK(evertoken_client_token_start(i.client, EVERTOKEN_NO_TIMEOUT, try_everything, &i, &i.call, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&i.w, 2);
    CHECK_INT(i.w.successes, 2);
    waiter_destroy(&i.w);
}

static void judging_and_authorizing_can_be_started(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "started");
    evertoken_authorization *authorization = NULL;
    evertoken_verdict *verdict = NULL;
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_authorize_start(client, "/pismo/api/x", count_authorization, &w, NULL, &error));
    waiter_wait(&w, 1);
    CHECK_OK(evertoken_client_authorize(client, NULL, &authorization, &error));
    CHECK(!evertoken_authorization_is_resend(authorization));
    CHECK_INT(strlen(evertoken_authorization_fingerprint(authorization, NULL)), 8);
    const evertoken_header headers[] = {{"WWW-Authenticate", "Bearer error=\"invalid_token\""}, {"not a header name", "x"}};
    CHECK_OK(evertoken_client_judge_start(client, authorization, 401, headers, 2, "{}", 2, 1, EVERTOKEN_NO_TIMEOUT, count_verdict, &w, NULL, &error));
    waiter_wait(&w, 2);
    CHECK_OK(evertoken_client_judge(client, authorization, 401, headers, 2, "{}", 2, 1, EVERTOKEN_DEFAULT_TIMEOUT, &verdict, &error));
    CHECK_INT(evertoken_verdict_action(verdict), EVERTOKEN_ACTION_RESEND);
    const evertoken_authorization *again = evertoken_verdict_authorization(verdict);
    CHECK(evertoken_authorization_is_resend(again));
    CHECK(evertoken_authorization_generation(again) > evertoken_authorization_generation(authorization));
    evertoken_authorization_free((evertoken_authorization *)(void *)again); /* lent: frees nothing */
    CHECK(evertoken_authorization_value(again, NULL) != NULL);
    evertoken_verdict_free(verdict);
    evertoken_authorization_free(authorization);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 2); /* both judgements shared one renewal */
    waiter_destroy(&w);
}

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool entered, may_leave, left, freed;
    evertoken_subscription *subscription;
} slow;

static void slow_event(void *userdata, const evertoken_event *event) {
    slow *s = userdata;
    (void)event;
    pthread_mutex_lock(&s->lock);
    CHECK(!s->freed);
    if (!s->entered) {
        s->entered = true;
        pthread_cond_broadcast(&s->changed);
        while (!s->may_leave) pthread_cond_wait(&s->changed, &s->lock);
        s->left = true;
    }
    pthread_mutex_unlock(&s->lock);
}

static void *let_leave(void *userdata) {
    slow *s = userdata;
    pthread_mutex_lock(&s->lock);
    s->may_leave = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void a_freed_subscription_has_no_callback_running(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "subscription");
    slow s = {.entered = false};
    pthread_t thread;
    waiter w;
    waiter_init(&w);
    CHECK(pthread_mutex_init(&s.lock, NULL) == 0 && pthread_cond_init(&s.changed, NULL) == 0);
    CHECK_OK(evertoken_client_subscribe(client, slow_event, &s, &s.subscription, &error));
    CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    pthread_mutex_lock(&s.lock);
    while (!s.entered) pthread_cond_wait(&s.changed, &s.lock);
    pthread_mutex_unlock(&s.lock);
    CHECK(pthread_create(&thread, NULL, let_leave, &s) == 0);
    evertoken_subscription_free(s.subscription);
    pthread_mutex_lock(&s.lock);
    CHECK(s.left);
    s.freed = true;
    pthread_mutex_unlock(&s.lock);
    CHECK(pthread_join(thread, NULL) == 0);
    waiter_wait(&w, 1);
    evertoken_client_invalidate(client);
    CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    waiter_wait(&w, 2);
    waiter_destroy(&w);
    pthread_mutex_destroy(&s.lock);
    pthread_cond_destroy(&s.changed);
    evertoken_client_free(client);
}

static void unsubscribe(void *userdata, const evertoken_event *event) {
    slow *s = userdata;
    (void)event;
    CHECK(!s->freed);
    s->freed = true;
    evertoken_subscription_free(s->subscription);
}

static void a_subscription_may_be_freed_by_its_own_callback(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "unsubscribe");
    evertoken_token *token = NULL;
    slow s = {.freed = false};
    CHECK_OK(evertoken_client_subscribe(client, unsubscribe, &s, &s.subscription, &error));
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    CHECK(s.freed);
    evertoken_client_free(client);
}

static void a_buffer_that_is_too_small_says_how_much_is_needed(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "buffer");
    char small[8] = "same", large[8192];
    size_t len = 0, needed = 0;
    for (int i = 0; i < 2; i++) { /* from the flight, then from the cache */
        CHECK_FAILS(evertoken_client_authorization_copy(client, small, sizeof small, &needed, &error), EVERTOKEN_BUFFER_TOO_SMALL);
        CHECK_STR(small, "same");
    }
    CHECK_OK(evertoken_client_authorization_copy(client, large, needed, &len, &error));
    CHECK(len + 1 == needed && strlen(large) == len);
    CHECK_FAILS(evertoken_client_authorization_copy(client, large, needed - 1, &len, &error), EVERTOKEN_BUFFER_TOO_SMALL);
    evertoken_client_free(client);
}

static evertoken_client *last_client;

static void at_exit(void) {
    evertoken_error *error = NULL;
    evertoken_response *response = NULL;
    CHECK_OK(evertoken_client_request(last_client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_DEFAULT_TIMEOUT, &response, &error));
    CHECK_INT(evertoken_response_status(response), 200);
    evertoken_response_free(response);
    evertoken_client_free(last_client);
    sandbox_stop(&box);
    printf("ok use_from_atexit\n");
}

int main(void) {
    box = sandbox_start(false);
    RUN(a_cancelled_call_answers_once_and_the_login_goes_on);
    RUN(a_thousand_calls_are_cancelled_one_by_one);
    RUN(a_client_freed_in_flight_keeps_its_promises);
    RUN(a_client_closed_in_flight_lets_its_calls_end);
    RUN(closing_can_revoke);
    RUN(a_callback_may_start_and_free_but_not_wait);
    RUN(judging_and_authorizing_can_be_started);
    RUN(a_freed_subscription_has_no_callback_running);
    RUN(a_subscription_may_be_freed_by_its_own_callback);
    RUN(a_buffer_that_is_too_small_says_how_much_is_needed);
    sandbox_do(&box, "POST", "/reset", "{}");
    last_client = pismo_client(&box, "atexit");
    CHECK(atexit(at_exit) == 0);
    return 0;
}
