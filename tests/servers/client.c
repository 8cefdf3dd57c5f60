/* A client that is told on standard input what to do, and says on standard output what came of it; test_servers_c.py talks to it.
 *
 *   get N         N requests at the same time; prints how many got 200
 *   invalidate    the next call renews
 *   stats         prints logins and refreshes
 *
 * What cannot be done prints "error CODE PROVIDER_CODE". Options are the environment's. */

#define _POSIX_C_SOURCE 200809L

#include <evertoken.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLERS_MAX = 64, TIMEOUT_MS = 30000 };

static evertoken_client *client;

static void print_error(evertoken_error *error)
{
    const char *provider_code = evertoken_error_provider_code(error, NULL);
    printf("error %s %s\n", evertoken_error_code(error), provider_code == NULL ? "-" : provider_code);
    evertoken_error_free(error);
}

/* One caller: its status, or -1 with the error printed. */
static void *get(void *status)
{
    static const char body[] = "every byte of it, twice if need be";
    evertoken_response *response = NULL;
    evertoken_error *error = NULL;
    if (evertoken_client_request(client, "POST", "/api/x", body, sizeof body - 1, TIMEOUT_MS, &response, &error) == EVERTOKEN_OK) {
        *(int *)status = evertoken_response_status(response);
    } else {
        *(int *)status = -1;
        print_error(error);
    }
    evertoken_response_free(response);
    return NULL;
}

static void get_many(int callers)
{
    pthread_t threads[CALLERS_MAX];
    int statuses[CALLERS_MAX];
    int succeeded = 0;
    for (int i = 0; i < callers; i++) {
        if (pthread_create(&threads[i], NULL, get, &statuses[i]) != 0) {
            exit(1);
        }
    }
    for (int i = 0; i < callers; i++) {
        pthread_join(threads[i], NULL);
        succeeded += statuses[i] == 200;
    }
    printf("%d\n", succeeded);
}

static void print_stats(void)
{
    evertoken_stats stats;
    if (evertoken_client_stats(client, &stats, sizeof stats, NULL) == EVERTOKEN_OK) {
        printf("%llu %llu\n", (unsigned long long)stats.logins, (unsigned long long)stats.refreshes);
    }
}

static int connect_client(void)
{
    evertoken_config *config = NULL;
    evertoken_error *error = NULL;
    evertoken_status status = evertoken_config_password(getenv("TOKEN_URL"), getenv("CLIENT_ID"), getenv("CLIENT_SECRET"),
                                                        getenv("USERNAME"), getenv("PASSWORD"), &config, &error);
    if (status == EVERTOKEN_OK) {
        evertoken_config_set_base_url(config, getenv("BASE_URL"));
        evertoken_config_set_text(config, "basic", getenv("BASIC"));
        status = evertoken_client_new(config, &client, &error);
    }
    evertoken_config_free(config);
    if (status != EVERTOKEN_OK) {
        print_error(error);
    }
    return status == EVERTOKEN_OK;
}

int main(void)
{
    char line[64];
    if (!connect_client()) {
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin) != NULL) {
        int callers = 0;
        if (sscanf(line, "get %d", &callers) == 1 && callers > 0 && callers <= CALLERS_MAX) {
            get_many(callers);
        } else if (strcmp(line, "invalidate\n") == 0) {
            evertoken_client_invalidate(client);
        } else if (strcmp(line, "stats\n") == 0) {
            print_stats();
        } else {
            return 2;
        }
    }
    evertoken_client_free(client);
    return 0;
}
