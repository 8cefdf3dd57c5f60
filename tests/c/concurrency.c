/* Many callers, one login; many refusals, one renewal. Counts are exact, whatever the timing. */
#define _POSIX_C_SOURCE 200809L

#include "support/sandbox.h"
#include "support/waiter.h"

enum { THREADS = 16, COLD = 10000, REFUSED = 1000 };

static sandbox box;

typedef struct {
    evertoken_client *client;
    pthread_barrier_t *barrier;
    int rounds;
} worker;

/* Every way to use one client, from many threads at the same time. */
static void *work(void *argument) {
    worker *w = argument;
    pthread_barrier_wait(w->barrier);
    for (int i = 0; i < w->rounds; i++) {
        evertoken_error *error = NULL;
        evertoken_token *token = NULL;
        evertoken_authorization *authorization = NULL;
        evertoken_verdict *verdict = NULL;
        evertoken_response *response = NULL;
        evertoken_state *state = NULL;
        evertoken_header header;
        char text[4096];
        size_t len = 0;
        CHECK_OK(evertoken_client_token(w->client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
        CHECK_OK(evertoken_client_authorize(w->client, NULL, &authorization, &error));
        CHECK_OK(evertoken_client_authorization_copy(w->client, text, sizeof text, &len, &error));
        CHECK(strlen(text) == len && strncmp(text, "Bearer ", 7) == 0);
        CHECK_STR(text + 7, evertoken_token_value(token, NULL));
        CHECK_STR(text, evertoken_authorization_value(authorization, NULL));
        CHECK_OK(evertoken_client_judge(w->client, authorization, 200, NULL, 0, NULL, 0, 1, 0, &verdict, &error));
        CHECK_INT(evertoken_verdict_action(verdict), EVERTOKEN_ACTION_DONE);
        CHECK_OK(evertoken_client_request(w->client, "POST", "/pismo/api/x", "{}", 2, EVERTOKEN_DEFAULT_TIMEOUT, &response, &error));
        CHECK_INT(evertoken_response_status(response), 200);
        CHECK(strstr(evertoken_response_body(response, &len), "\"body_length\":2") != NULL);
        CHECK_INT(strlen(evertoken_response_body(response, NULL)), len);
        CHECK(strstr(evertoken_response_header(response, "Content-Type", 0, NULL), "application/json") != NULL);
        CHECK(evertoken_response_header(response, "content-type", 1, NULL) == NULL);
        CHECK(evertoken_response_header_at(response, 0, &header));
        CHECK(!evertoken_response_header_at(response, evertoken_response_header_count(response), &header));
        CHECK_OK(evertoken_client_state(w->client, &state, &error));
        CHECK_STR(evertoken_state_standing(state), "fresh");
        evertoken_state_free(state);
        evertoken_response_free(response);
        evertoken_verdict_free(verdict);
        evertoken_authorization_free(authorization);
        evertoken_token_free(token);
    }
    return NULL;
}

static void sixteen_threads_share_one_client_and_one_login(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0);
    worker w = {pismo_client(&box, "threads"), &barrier, 20};
    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, &w) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    pthread_barrier_destroy(&barrier);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    CHECK_INT(sandbox_count(&box, "pismo.api"), THREADS * 20);
    evertoken_client_free(w.client);
}

static void ten_thousand_cold_callers_make_one_login(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"gate\"}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "cold");
    waiter w;
    waiter_init(&w);
    for (int i = 0; i < COLD; i++) CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, COLD);
    CHECK_INT(w.successes, COLD);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    waiter_destroy(&w);
    evertoken_client_free(client);
}

static void a_failed_login_is_shared_by_all_who_wait(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "[{\"route\":\"login\",\"fault\":\"gate\"}]");
    sandbox_do(&box, "POST", "/rotate", "{\"provider\":\"pismo\",\"secret\":true}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "failed");
    waiter w;
    waiter_init(&w);
    for (int i = 0; i < REFUSED; i++) CHECK_OK(evertoken_client_token_start(client, EVERTOKEN_NO_TIMEOUT, count_token, &w, NULL, &error));
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    sandbox_do(&box, "POST", "/release", "{}");
    waiter_wait(&w, REFUSED);
    CHECK_INT(w.failures, REFUSED);
    CHECK_INT(w.last_failure, EVERTOKEN_CREDENTIALS_REJECTED);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    waiter_destroy(&w);
    evertoken_client_free(client);
}

static void a_thousand_requests_refused_by_a_revocation_are_healed_by_one_renewal(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "revoked");
    evertoken_token *token = NULL;
    evertoken_stats stats;
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    sandbox_do(&box, "POST", "/revoke", "{}");
    for (int i = 0; i < REFUSED; i++) {
        CHECK_OK(evertoken_client_request_start(client, "GET", "/pismo/api/x", NULL, 0, EVERTOKEN_NO_TIMEOUT, count_response, &w, NULL, &error));
    }
    waiter_wait(&w, REFUSED);
    CHECK_INT(w.successes, REFUSED);
    CHECK_INT(sandbox_count(&box, "total.login"), 2);
    CHECK_OK(evertoken_client_stats(client, &stats, sizeof stats, &error));
    CHECK_INT(stats.logins, 2);
    CHECK_INT(stats.given_back, 0);
    CHECK_INT(stats.refused, stats.resends);
    CHECK_INT(sandbox_count(&box, "pismo.api"), REFUSED + (int)stats.resends);
    waiter_destroy(&w);
    evertoken_client_free(client);
}

enum { COPIERS = 4, RENEWALS = 200, SEEN_MAX = 1024 };

typedef struct {
    evertoken_client *client;
    pthread_mutex_t *lock;
    const bool *over;
    char *seen[SEEN_MAX];
    int count;
} copier;

/* Copies the header as fast as it can, and keeps each value that differs from the one before. */
static void *copy_on(void *argument) {
    copier *c = argument;
    for (bool over = false; !over;) {
        char text[4096];
        size_t len = 0;
        evertoken_error *error = NULL;
        for (int i = 0; i < 1000; i++) {
            CHECK_OK(evertoken_client_authorization_copy(c->client, text, sizeof text, &len, &error));
            CHECK_INT(strlen(text), len);
            if (c->count > 0 && strcmp(c->seen[c->count - 1], text) == 0) continue;
            CHECK(c->count < SEEN_MAX);
            char *kept = malloc(len + 1);
            CHECK(kept != NULL);
            c->seen[c->count++] = memcpy(kept, text, len + 1);
        }
        pthread_mutex_lock(c->lock);
        over = *c->over;
        pthread_mutex_unlock(c->lock);
    }
    return NULL;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void a_header_copied_while_it_is_renewed_is_never_a_mixture(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, "copied");
    pthread_mutex_t lock;
    bool over = false;
    static copier copiers[COPIERS];
    pthread_t threads[COPIERS];
    CHECK(pthread_mutex_init(&lock, NULL) == 0);
    for (int i = 0; i < COPIERS; i++) {
        copiers[i] = (copier){.client = client, .lock = &lock, .over = &over};
        CHECK(pthread_create(&threads[i], NULL, copy_on, &copiers[i]) == 0);
    }
    for (int i = 0; i < RENEWALS; i++) {
        evertoken_token *token = NULL;
        evertoken_client_invalidate(client);
        CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
        evertoken_token_free(token);
    }
    pthread_mutex_lock(&lock);
    over = true;
    pthread_mutex_unlock(&lock);
    static char *all[COPIERS * SEEN_MAX];
    int count = 0, distinct = 0;
    for (int i = 0; i < COPIERS; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        for (int j = 0; j < copiers[i].count; j++) all[count++] = copiers[i].seen[j];
    }
    qsort(all, (size_t)count, sizeof *all, by_text);
    for (int i = 0; i < count; i++) distinct += i == 0 || strcmp(all[i - 1], all[i]) != 0;
    CHECK(distinct > 1 && distinct <= sandbox_count(&box, "total.login"));
    for (int i = 0; i < count; i++) free(all[i]);
    pthread_mutex_destroy(&lock);
    evertoken_client_free(client);
}

static void clients_of_one_identity_share_one_token(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    evertoken_error *error = NULL;
    evertoken_client *clients[10];
    evertoken_token *token = NULL;
    uint64_t generation = 0;
    for (int i = 0; i < 10; i++) {
        clients[i] = pismo_client(&box, "shared");
        CHECK_OK(evertoken_client_token(clients[i], EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
        if (i == 0) generation = evertoken_token_generation(token);
        CHECK(evertoken_token_generation(token) == generation);
        evertoken_token_free(token);
    }
    for (int i = 0; i < 10; i++) evertoken_client_free(clients[i]);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
}

int main(void) {
    box = sandbox_start(false);
    RUN(sixteen_threads_share_one_client_and_one_login);
    RUN(ten_thousand_cold_callers_make_one_login);
    RUN(a_failed_login_is_shared_by_all_who_wait);
    RUN(a_thousand_requests_refused_by_a_revocation_are_healed_by_one_renewal);
    RUN(a_header_copied_while_it_is_renewed_is_never_a_mixture);
    RUN(clients_of_one_identity_share_one_token);
    sandbox_stop(&box);
    return 0;
}
