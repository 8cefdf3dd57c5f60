/* Waits until callbacks have run, without a clock. */
#ifndef WAITER_H
#define WAITER_H

#include <pthread.h>

#include "check.h"

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int runs, successes, failures;
    evertoken_status last_failure;
} waiter;

static inline void waiter_init(waiter *w) {
    memset(w, 0, sizeof *w);
    CHECK(pthread_mutex_init(&w->lock, NULL) == 0 && pthread_cond_init(&w->changed, NULL) == 0);
}

static inline void waiter_count(waiter *w, evertoken_error *error) {
    pthread_mutex_lock(&w->lock);
    w->runs++;
    if (error == NULL) w->successes++;
    else w->failures++, w->last_failure = evertoken_error_status(error);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
    evertoken_error_free(error);
}

static inline void waiter_wait(waiter *w, int runs) {
    pthread_mutex_lock(&w->lock);
    while (w->runs < runs) pthread_cond_wait(&w->changed, &w->lock);
    CHECK_INT(w->runs, runs);
    pthread_mutex_unlock(&w->lock);
}

static inline void waiter_destroy(waiter *w) {
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
}

/* Callbacks that count. `userdata` is the waiter. */
static inline void count_token(void *userdata, evertoken_token *token, evertoken_error *error) {
    CHECK((token == NULL) != (error == NULL));
    evertoken_token_free(token);
    waiter_count(userdata, error);
}

/* A response counts as a success only with status 200. */
static inline void count_response(void *userdata, evertoken_response *response, evertoken_error *error) {
    CHECK((response == NULL) != (error == NULL));
    if (response != NULL) CHECK_INT(evertoken_response_status(response), 200);
    evertoken_response_free(response);
    waiter_count(userdata, error);
}

static inline void count_authorization(void *userdata, evertoken_authorization *authorization, evertoken_error *error) {
    CHECK((authorization == NULL) != (error == NULL));
    evertoken_authorization_free(authorization);
    waiter_count(userdata, error);
}

static inline void count_verdict(void *userdata, evertoken_verdict *verdict, evertoken_error *error) {
    CHECK((verdict == NULL) != (error == NULL));
    evertoken_verdict_free(verdict);
    waiter_count(userdata, error);
}

#endif
