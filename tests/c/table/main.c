/* Every exported function, argument by argument: NULL, a text that is not UTF-8, a handle of another type. Each is answered with
 * its status, and then no output is written. The rows are made from the list of exports, so that no function is left out. */
#define _POSIX_C_SOURCE 200809L

#include <unistd.h>

#include "support/sandbox.h"
#include "support/waiter.h"

static const char BAD[] = "\xFF\xFE";
static void *const UNTOUCHED = (void *)0x5A5A;

static sandbox box;
static waiter counted;
static int rows, started;

/* One live handle of each type. */
static struct {
    evertoken_config *config;
    evertoken_client *client;
    evertoken_token *token;
    evertoken_authorization *authorization;
    evertoken_verdict *verdict;
    evertoken_request *request;
    evertoken_response *response;
    evertoken_state *state;
    evertoken_subscription *subscription;
    evertoken_call *call;
    evertoken_error *error;
    const evertoken_event *event; /* lives in its callback only */
} good;

/* Where the calls of the table write. */
static struct {
    evertoken_config *config;
    evertoken_client *client;
    evertoken_token *token;
    evertoken_authorization *authorization;
    evertoken_verdict *verdict;
    evertoken_request *request;
    evertoken_response *response;
    evertoken_state *state;
    evertoken_subscription *subscription;
    evertoken_call *call;
    evertoken_stats stats;
    evertoken_header header;
    char buffer[4096];
    size_t len;
} out;

static const char *const texts[] = {"a"};
static const evertoken_header header = {"name", "value"};
static char profile_path[] = "/tmp/evertoken-table-XXXXXX";

static ptrdiff_t read_nothing(void *userdata, void *buffer, size_t capacity) {
    (void)userdata, (void)buffer, (void)capacity;
    return 0;
}

static int write_nothing(void *userdata, const void *data, size_t len) {
    (void)userdata, (void)data, (void)len;
    return 0;
}

static void see_event(void *userdata, const evertoken_event *event) {
    (void)userdata, (void)event;
}

static void see_line(void *userdata, evertoken_log_level level, const char *line, size_t len) {
    (void)userdata, (void)level, (void)line, (void)len;
}

static void reset(void) {
    memset(&out, 0, sizeof out);
    memset(&out.stats, 0x5A, sizeof out.stats);
    out.config = UNTOUCHED, out.client = UNTOUCHED, out.token = UNTOUCHED, out.authorization = UNTOUCHED;
    out.verdict = UNTOUCHED, out.request = UNTOUCHED, out.response = UNTOUCHED, out.state = UNTOUCHED;
    out.subscription = UNTOUCHED, out.call = UNTOUCHED;
    out.len = 0x5A5A;
}

static bool outputs_are_untouched(void) {
    return out.config == UNTOUCHED && out.client == UNTOUCHED && out.token == UNTOUCHED && out.authorization == UNTOUCHED
        && out.verdict == UNTOUCHED && out.request == UNTOUCHED && out.response == UNTOUCHED && out.state == UNTOUCHED
        && out.subscription == UNTOUCHED && out.call == UNTOUCHED && out.len == 0x5A5A && out.header.name == NULL
        && out.buffer[0] == '\0' && out.stats.flights == UINT64_C(0x5A5A5A5A5A5A5A5A);
}

/* Frees what a successful call has handed over. */
static void take_back(void) {
    if (out.config != UNTOUCHED) evertoken_config_free(out.config);
    if (out.authorization != UNTOUCHED) evertoken_authorization_free(out.authorization);
    if (out.call != UNTOUCHED) evertoken_call_free(out.call);
}

static void settle(const char *what, evertoken_status expected, evertoken_status status, bool with_error, evertoken_error *error) {
    rows++;
    if (status != expected) {
        fprintf(stderr, "%s: %s, not %s: %s\n", what, evertoken_status_str(status), evertoken_status_str(expected), evertoken_error_text(error));
        exit(1);
    }
    CHECK((error != NULL) == (with_error && status != EVERTOKEN_OK));
    if (error != NULL) CHECK_INT(evertoken_error_status(error), status);
    if (status == EVERTOKEN_OK) {
        started += strstr(what, "_start:") != NULL;
        take_back();
    } else if (!outputs_are_untouched()) {
        fprintf(stderr, "%s: an output was written\n", what);
        exit(1);
    }
    evertoken_error_free(error);
}

#define STATUS(what, expected, with_error, call) \
    do { \
        evertoken_error *error = NULL; \
        reset(); \
        evertoken_status status = (call); \
        settle(what, expected, status, with_error, error); \
    } while (0);

/* What reads or frees answers NULL and strangers as the header says (surface.c); here it has to come back at all. */
#define LOOK(what, call) \
    do { \
        reset(); \
        call; \
        rows++; \
    } while (0);

static void make_the_handles(void) {
    evertoken_error *error = NULL;
    good.config = pismo_config(&box, "table");
    CHECK_OK(evertoken_client_new(good.config, &good.client, &error));
    CHECK_OK(evertoken_client_token(good.client, EVERTOKEN_DEFAULT_TIMEOUT, &good.token, &error));
    CHECK_OK(evertoken_client_authorize(good.client, NULL, &good.authorization, &error));
    CHECK_OK(evertoken_client_judge(good.client, good.authorization, 200, NULL, 0, NULL, 0, 1, 0, &good.verdict, &error));
    CHECK_OK(evertoken_request_new("GET", "/pismo/api/x", &good.request, &error));
    CHECK_OK(evertoken_client_send(good.client, good.request, &good.response, &error));
    CHECK_OK(evertoken_client_state(good.client, &good.state, &error));
    CHECK_OK(evertoken_client_subscribe(good.client, see_event, NULL, &good.subscription, &error));
    CHECK_OK(evertoken_client_token_start(good.client, EVERTOKEN_DEFAULT_TIMEOUT, count_token, &counted, &good.call, &error));
    started++;
    CHECK_INT(evertoken_config_new(NULL, NULL, &good.error), EVERTOKEN_NULL_ARGUMENT);
    int fd = mkstemp(profile_path);
    CHECK(fd >= 0);
    static const char text[] = "[profiles.mine]\nflow = \"passkit\"\ntoken = \"x\"\n";
    CHECK(write(fd, text, sizeof text - 1) == (ssize_t)(sizeof text - 1));
    CHECK(close(fd) == 0);
    CHECK(setenv("EVERTOKEN_CONFIG", "/nonexistent/evertoken.toml", 1) == 0);
}

static void every_argument_of_every_function(void) {
    make_the_handles();
#include "rows.inc"
    waiter_wait(&counted, started);
    CHECK_INT(counted.failures, 0);
    CHECK(rows > 250);
}

static void free_the_handles(void) {
    CHECK(unlink(profile_path) == 0);
    evertoken_config_free(good.config);
    evertoken_client_free(good.client);
    evertoken_token_free(good.token);
    evertoken_authorization_free(good.authorization);
    evertoken_verdict_free(good.verdict);
    evertoken_request_free(good.request);
    evertoken_response_free(good.response);
    evertoken_state_free(good.state);
    evertoken_subscription_free(good.subscription);
    evertoken_call_free(good.call);
    evertoken_error_free(good.error);
}

int main(void) {
    box = sandbox_start(false);
    waiter_init(&counted);
    RUN(every_argument_of_every_function);
    RUN(free_the_handles);
    printf("%d rows\n", rows);
    waiter_destroy(&counted);
    sandbox_stop(&box);
    return 0;
}
