/* Log lines: all that were asked for, none after the subscription was freed, and no secret in any. */
#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

/* What a listener has seen; lines end with a line break. */
typedef struct {
    pthread_mutex_t lock;
    char lines[65536];
    size_t length;
    int levels[EVERTOKEN_LOG_DEBUG + 1];
    evertoken_subscription *to_free;
} listener;

static void on_line(void *userdata, evertoken_log_level level, const char *line, size_t len) {
    listener *l = userdata;
    pthread_mutex_lock(&l->lock);
    CHECK(strlen(line) == len && strchr(line, '\n') == NULL);
    CHECK(l->length + len + 2 < sizeof l->lines);
    memcpy(l->lines + l->length, line, len);
    l->length += len;
    l->lines[l->length++] = '\n';
    CHECK(level >= EVERTOKEN_LOG_ERROR && level <= EVERTOKEN_LOG_DEBUG);
    l->levels[level]++;
    evertoken_subscription *mine = l->to_free;
    l->to_free = NULL;
    pthread_mutex_unlock(&l->lock);
    evertoken_subscription_free(mine);
}

static evertoken_subscription *listen_to(listener *l, int level) {
    evertoken_error *error = NULL;
    evertoken_subscription *subscription = NULL;
    memset(l, 0, sizeof *l);
    CHECK(pthread_mutex_init(&l->lock, NULL) == 0);
    CHECK_OK(evertoken_log_subscribe(level, on_line, l, &subscription, &error));
    return subscription;
}

static void log_in(const char *name) {
    evertoken_error *error = NULL;
    evertoken_client *client = pismo_client(&box, name);
    evertoken_token *token = NULL;
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    evertoken_client_free(client);
}

static void each_listener_gets_the_lines_of_its_level(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    static listener all, important;
    evertoken_subscription *one = listen_to(&all, EVERTOKEN_LOG_DEBUG);
    evertoken_subscription *two = listen_to(&important, EVERTOKEN_LOG_WARN);
    log_in("log-levels");
    CHECK_INT(all.levels[EVERTOKEN_LOG_INFO], 1);
    CHECK(all.levels[EVERTOKEN_LOG_DEBUG] > 0);
    CHECK(strstr(all.lines, "token_installed") != NULL && strstr(all.lines, "identity=") != NULL);
    CHECK_INT(important.length, 0);
    sandbox_do(&box, "POST", "/rotate", "{\"provider\":\"pismo\",\"secret\":true}");
    evertoken_client *client = pismo_client(&box, "log-rejected");
    evertoken_token *token = NULL;
    CHECK_INT(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, NULL), EVERTOKEN_CREDENTIALS_REJECTED);
    CHECK(important.levels[EVERTOKEN_LOG_WARN] > 0);
    CHECK_INT(important.levels[EVERTOKEN_LOG_INFO] + important.levels[EVERTOKEN_LOG_DEBUG], 0);
    CHECK_INT(important.levels[EVERTOKEN_LOG_WARN], all.levels[EVERTOKEN_LOG_WARN]);
    check_no_secret(&box, all.lines);
    evertoken_client_free(client);
    evertoken_subscription_free(two);
    evertoken_subscription_free(one);
}

static void no_line_comes_after_the_subscription_was_freed(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    static listener l;
    evertoken_subscription_free(listen_to(&l, EVERTOKEN_LOG_DEBUG));
    log_in("log-freed");
    CHECK_INT(l.length, 0);
}

static void a_listener_may_free_its_own_subscription(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    static listener l;
    evertoken_subscription *subscription = listen_to(&l, EVERTOKEN_LOG_DEBUG);
    pthread_mutex_lock(&l.lock);
    l.to_free = subscription;
    pthread_mutex_unlock(&l.lock);
    log_in("log-own");
    CHECK_INT(l.levels[EVERTOKEN_LOG_DEBUG], 1);
    CHECK_INT(l.levels[EVERTOKEN_LOG_INFO], 0);
}

static void a_secret_in_clear_in_a_profile_is_warned_of_without_it(void) {
    static listener l;
    evertoken_subscription *subscription = listen_to(&l, EVERTOKEN_LOG_WARN);
    evertoken_error *error = NULL;
    evertoken_config *config = NULL;
    char path[] = "/tmp/evertoken-profile-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    static const char text[] = "[profiles.mine]\nflow = \"pismo\"\nbase_url = \"https://api.example\"\nserver_key = \"k\"\nserver_secret = \"sEcReT\"\n";
    CHECK(write(fd, text, sizeof text - 1) == (ssize_t)(sizeof text - 1));
    CHECK(close(fd) == 0);
    CHECK_OK(evertoken_config_profile("mine", path, &config, &error));
    evertoken_config_free(config);
    CHECK_INT(l.levels[EVERTOKEN_LOG_WARN], 1);
    CHECK(strstr(l.lines, "server_secret") != NULL && strstr(l.lines, "sEcReT") == NULL);
    CHECK(unlink(path) == 0);
    evertoken_subscription_free(subscription);
}

static void a_level_is_one_of_the_four(void) {
    evertoken_error *error = NULL;
    evertoken_subscription *subscription = NULL;
    CHECK_FAILS(evertoken_log_subscribe(0, on_line, NULL, &subscription, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK_FAILS(evertoken_log_subscribe(EVERTOKEN_LOG_DEBUG + 1, on_line, NULL, &subscription, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK_FAILS(evertoken_log_subscribe(EVERTOKEN_LOG_INFO, NULL, NULL, &subscription, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK(subscription == NULL);
}

int main(void) {
    box = sandbox_start(false);
    RUN(each_listener_gets_the_lines_of_its_level);
    RUN(no_line_comes_after_the_subscription_was_freed);
    RUN(a_listener_may_free_its_own_subscription);
    RUN(a_secret_in_clear_in_a_profile_is_warned_of_without_it);
    RUN(a_level_is_one_of_the_four);
    sandbox_stop(&box);
    return 0;
}
