/* The library loaded at run time: used, closed, loaded and used again. Not linked with it; EVERTOKEN_LIBRARY names it. */
#define _POSIX_C_SOURCE 200809L

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <evertoken.h>

#define NEED(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

/* Looks a function up. The detour over memory is how POSIX says a data pointer becomes a function's. */
#define LOOK_UP(library, name) \
    do { \
        void *symbol = dlsym(library, #name); \
        NEED(symbol != NULL); \
        memcpy(&(api.name), &symbol, sizeof symbol); \
    } while (0)

static struct {
    evertoken_status (*evertoken_config_pismo)(const char *, const char *, const char *, evertoken_config **, evertoken_error **);
    evertoken_status (*evertoken_client_new)(const evertoken_config *, evertoken_client **, evertoken_error **);
    evertoken_status (*evertoken_client_token)(const evertoken_client *, int64_t, evertoken_token **, evertoken_error **);
    void (*evertoken_error_free)(evertoken_error *);
    void (*evertoken_config_free)(evertoken_config *);
    void (*evertoken_client_free)(evertoken_client *);
} api;

/* A login that finds nobody: it starts the library's threads, which is what closing has to survive. */
static void use(void *library) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    LOOK_UP(library, evertoken_config_pismo);
    LOOK_UP(library, evertoken_client_new);
    LOOK_UP(library, evertoken_client_token);
    LOOK_UP(library, evertoken_error_free);
    LOOK_UP(library, evertoken_config_free);
    LOOK_UP(library, evertoken_client_free);
    NEED(api.evertoken_config_pismo("http://127.0.0.1:1", "key", "secret", &config, &error) == EVERTOKEN_OK);
    NEED(api.evertoken_client_new(config, &client, &error) == EVERTOKEN_OK);
    NEED(api.evertoken_client_token(client, 1, &token, &error) != EVERTOKEN_OK);
    api.evertoken_error_free(error);
    api.evertoken_client_free(client);
    api.evertoken_config_free(config);
}

int main(void) {
    const char *path = getenv("EVERTOKEN_LIBRARY");
    NEED(path != NULL);
    for (int i = 0; i < 20; i++) {
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        NEED(library != NULL);
        use(library);
        NEED(dlclose(library) == 0);
    }
    printf("ok loaded_used_and_closed_twenty_times\n");
    return 0;
}
