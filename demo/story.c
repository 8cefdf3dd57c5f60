/* 200 requests from 20 threads of a C program, which has no code for tokens. */

#define _POSIX_C_SOURCE 200809L

#include <evertoken.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CALLERS = 20, ROUNDS = 10, PACE_MS = 700, TIMEOUT_MS = 10000 };

static evertoken_client *client;
static const char *provider;
static struct timespec started;

static long long milliseconds_since_start(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - started.tv_sec) * 1000LL + (now.tv_nsec - started.tv_nsec) / 1000000;
}

static void sleep_until(long long milliseconds)
{
    struct timespec until = started;
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += milliseconds % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec += 1;
        until.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0) {
    }
}

static evertoken_status configure(evertoken_config **config, evertoken_error **error)
{
    if (strcmp(provider, "pismo") == 0) {
        return evertoken_config_pismo(getenv("API_URL"), getenv("PISMO_SERVER_KEY"), getenv("PISMO_SERVER_SECRET"), config, error);
    }
    if (strcmp(provider, "passkit") == 0) {
        return evertoken_config_passkit(NULL, getenv("PASSKIT_USERNAME"), getenv("PASSKIT_PASSWORD"), config, error);
    }
    return evertoken_config_wso2(getenv("TOKEN_URL"), getenv("WSO2_CONSUMER_KEY"), getenv("WSO2_CONSUMER_SECRET"), getenv("WSO2_USERNAME"),
                                 getenv("WSO2_PASSWORD"), config, error);
}

static evertoken_status connect_client(evertoken_error **error)
{
    evertoken_config *config = NULL;
    evertoken_status status = configure(&config, error);
    if (status == EVERTOKEN_OK) {
        /* A setter that fails is reported by evertoken_client_new(). */
        evertoken_config_set_base_url(config, getenv("API_URL"));
        if (getenv("WSO2_ORGANIZATION") != NULL) {
            evertoken_config_set_text(config, "organization", getenv("WSO2_ORGANIZATION"));
        }
        status = evertoken_client_new(config, &client, error);
    }
    evertoken_config_free(config);
    return status;
}

static void *caller(void *number)
{
    int *succeeded = number;
    int id = *succeeded;
    *succeeded = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char url[128];
        evertoken_response *response = NULL;
        evertoken_error *error = NULL;
        snprintf(url, sizeof url, "/%s/api/orders/%d?page=%d", provider, id, round);
        sleep_until((long long)round * PACE_MS);
        if (evertoken_client_request(client, "GET", url, NULL, 0, TIMEOUT_MS, &response, &error) == EVERTOKEN_OK) {
            *succeeded += evertoken_response_status(response) == 200;
        } else {
            fprintf(stderr, "%s\n", evertoken_error_text(error));
        }
        evertoken_response_free(response);
        evertoken_error_free(error);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[CALLERS];
    int succeeded[CALLERS];
    int total = 0;
    evertoken_error *error = NULL;

    if (argc != 2) {
        return 2;
    }
    provider = argv[1];
    if (connect_client(&error) != EVERTOKEN_OK) {
        fprintf(stderr, "%s\n", evertoken_error_text(error));
        evertoken_error_free(error);
        return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &started);
    for (int i = 0; i < CALLERS; i++) {
        succeeded[i] = i;
        if (pthread_create(&threads[i], NULL, caller, &succeeded[i]) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        total += succeeded[i];
    }
    printf("{\"requests\":%d,\"succeeded\":%d,\"milliseconds\":%lld}\n", CALLERS * ROUNDS, total, milliseconds_since_start());
    evertoken_client_free(client);
    return 0;
}
