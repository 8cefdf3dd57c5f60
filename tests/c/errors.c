/* Every kind of error that a server or a caller can bring about, and no secret in any of them. */
#define _POSIX_C_SOURCE 200809L

#include "support/sandbox.h"
#include "support/waiter.h"

static sandbox box;

/* What an error says besides its status, and that it says no secret. Frees it. */
static void check_error(evertoken_error *error, evertoken_status status) {
    CHECK(error != NULL);
    if (evertoken_error_status(error) != status) fprintf(stderr, "%s\n", evertoken_error_text(error));
    CHECK_INT(evertoken_error_status(error), status);
    CHECK_STR(evertoken_error_code(error), evertoken_status_str(status));
    CHECK(strstr(evertoken_error_text(error), evertoken_error_message(error)) != NULL);
    CHECK(strstr(evertoken_error_text(error), evertoken_error_hint(error)) != NULL);
    check_no_secret(&box, evertoken_error_text(error));
    check_no_secret(&box, evertoken_error_message(error));
    check_no_secret(&box, evertoken_error_provider_message(error, NULL));
    check_no_secret(&box, evertoken_error_identity(error, NULL));
    evertoken_error_free(error);
}

/* The status of asking for a token while the login route has this fault (NULL: none), with one try and 2 s. */
static evertoken_error *login_with(const char *name, const char *fault) {
    sandbox_do(&box, "POST", "/reset", "{}");
    if (fault != NULL) {
        char body[512];
        snprintf(body, sizeof body, "{\"route\":\"login\",\"count\":0,\"fault\":%s}", fault);
        sandbox_do(&box, "POST", "/faults", body);
    }
    evertoken_config *config = pismo_config(&box, name);
    evertoken_client *client = NULL;
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    evertoken_config_set_max_attempts(config, 1);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    evertoken_config_free(config);
    CHECK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error) != EVERTOKEN_OK && token == NULL);
    evertoken_client_free(client);
    return error;
}

static void faults_of_the_server_have_their_statuses(void) {
    static const struct {
        const char *name, *fault;
        evertoken_status status;
    } cases[] = {
        {"rejected", "\"unauthorized\"", EVERTOKEN_CREDENTIALS_REJECTED},
        {"locked", "{\"type\":\"status\",\"status\":401,\"json\":{\"message\":\"Account locked\"}}", EVERTOKEN_LOCKED_OUT},
        {"limited", "{\"type\":\"rate_limited\",\"retry_after\":7}", EVERTOKEN_RATE_LIMITED},
        {"unavailable", "{\"type\":\"status\",\"status\":503}", EVERTOKEN_SERVER_UNAVAILABLE},
        {"reset", "\"reset\"", EVERTOKEN_UNREACHABLE},
        {"closed", "\"close\"", EVERTOKEN_UNREACHABLE},
        {"garbage", "\"html\"", EVERTOKEN_BAD_RESPONSE},
        {"huge", "\"huge\"", EVERTOKEN_BAD_RESPONSE},
        {"redirect", "\"redirect\"", EVERTOKEN_BAD_RESPONSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        evertoken_error *error = login_with(cases[i].name, cases[i].fault);
        if (cases[i].status == EVERTOKEN_RATE_LIMITED) {
            CHECK(evertoken_error_retry_after_ms(error) > 0 && evertoken_error_retry_after_ms(error) <= 7000);
            CHECK_INT(evertoken_error_http_status(error), 429);
            CHECK(evertoken_error_retryable(error));
        }
        if (cases[i].status == EVERTOKEN_CREDENTIALS_REJECTED) {
            CHECK_INT(evertoken_error_http_status(error), 401);
            CHECK(!evertoken_error_retryable(error));
        }
        CHECK(evertoken_error_identity(error, NULL) != NULL);
        check_error(error, cases[i].status);
    }
    CHECK_INT(sandbox_count(&box, "foreign"), 0);
}

static void a_port_nobody_listens_on_is_unreachable(void) {
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_config_password("http://127.0.0.1:1/token", "id", "secret", "user", "pass", &config, &error));
    evertoken_config_set_max_attempts(config, 1);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    CHECK_INT(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_UNREACHABLE);
    check_error(error, EVERTOKEN_UNREACHABLE);
    evertoken_client_free(client);
    evertoken_config_free(config);
}

static void a_certificate_of_an_unknown_authority_is_a_tls_error(void) {
    char url[256];
    evertoken_config *config = NULL;
    evertoken_client *client = NULL;
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    snprintf(url, sizeof url, "%s/plain/token", json_text(json_get(box.info, "https_url"), ""));
    CHECK_OK(evertoken_config_client_credentials(url, sandbox_credential(&box, "plain.client_id"), sandbox_credential(&box, "plain.client_secret"), &config, &error));
    evertoken_config_set_max_attempts(config, 1);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    CHECK_INT(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_TLS);
    check_error(error, EVERTOKEN_TLS);
    evertoken_client_free(client);
    evertoken_config_free(config);
}

static void a_caller_that_waits_too_long_leaves_the_login_to_the_next(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"gate\"}");
    evertoken_client *client = pismo_client(&box, "timeout");
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    CHECK_INT(evertoken_client_token(client, 1, &token, &error), EVERTOKEN_TIMED_OUT);
    check_error(error, EVERTOKEN_TIMED_OUT);
    sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
    sandbox_do(&box, "POST", "/release", "{}");
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
}

static void a_server_that_insists_on_a_refused_token_is_told_apart(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/settings", "{\"pismo\":{\"second_login\":\"same\"}}");
    evertoken_client *client = pismo_client(&box, "same");
    evertoken_token *token = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    evertoken_client_invalidate(client);
    CHECK_INT(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_SAME_TOKEN);
    CHECK(evertoken_error_fingerprint(error, NULL) == NULL || strlen(evertoken_error_fingerprint(error, NULL)) == 8);
    check_error(error, EVERTOKEN_SAME_TOKEN);
    evertoken_client_free(client);
}

static void a_foreign_origin_gets_no_token(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    char url[256];
    snprintf(url, sizeof url, "%s/pismo/api/x", json_text(json_get(box.info, "foreign_url"), ""));
    evertoken_client *client = pismo_client(&box, "foreign");
    evertoken_authorization *authorization = NULL;
    evertoken_response *response = NULL;
    evertoken_error *error = NULL;
    CHECK_INT(evertoken_client_authorize(client, url, &authorization, &error), EVERTOKEN_ORIGIN_REFUSED);
    check_error(error, EVERTOKEN_ORIGIN_REFUSED);
    CHECK_INT(evertoken_client_request(client, "GET", url, NULL, 0, 0, &response, &error), EVERTOKEN_ORIGIN_REFUSED);
    check_error(error, EVERTOKEN_ORIGIN_REFUSED);
    CHECK_INT(evertoken_client_authorize(client, "http://[", &authorization, &error), EVERTOKEN_CONFIG_INVALID);
    check_error(error, EVERTOKEN_CONFIG_INVALID);
    evertoken_client_free(client);
    CHECK_INT(sandbox_count(&box, "total.requests"), 0);
}

static void on_event(void *userdata, const evertoken_event *event) {
    waiter *w = userdata;
    check_no_secret(&box, evertoken_event_identity(event, NULL));
    check_no_secret(&box, evertoken_event_fingerprint(event, NULL));
    check_no_secret(&box, evertoken_error_text(evertoken_event_error(event)));
    evertoken_error_free((evertoken_error *)(void *)evertoken_event_error(event)); /* lent: frees nothing */
    CHECK(evertoken_error_status(evertoken_event_error(event)) != EVERTOKEN_MISUSE);
    if (strcmp(evertoken_event_name(event), "locked_out") == 0) CHECK(evertoken_event_pause_ms(event) > 0);
    waiter_count(w, NULL);
}

static void a_rejection_is_kept_told_and_forgotten_on_reset(void) {
    sandbox_do(&box, "POST", "/reset", "{}");
    sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":\"unauthorized\"}");
    evertoken_client *client = pismo_client(&box, "kept");
    evertoken_subscription *subscription = NULL;
    evertoken_token *token = NULL;
    evertoken_state *state = NULL;
    evertoken_error *error = NULL;
    waiter w;
    waiter_init(&w);
    CHECK_OK(evertoken_client_subscribe(client, on_event, &w, &subscription, &error));
    for (int i = 0; i < 3; i++) {
        CHECK_INT(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error), EVERTOKEN_CREDENTIALS_REJECTED);
        check_error(error, EVERTOKEN_CREDENTIALS_REJECTED);
    }
    CHECK_INT(sandbox_count(&box, "total.login"), 1);
    CHECK_OK(evertoken_client_state(client, &state, &error));
    CHECK_STR(evertoken_state_standing(state), "locked_out");
    CHECK_STR(evertoken_error_code(evertoken_state_last_error(state)), "credentials_rejected");
    CHECK(evertoken_state_next_try_in_ms(state) > 0);
    evertoken_state_free(state);
    evertoken_client_reset(client);
    CHECK_OK(evertoken_client_token(client, EVERTOKEN_DEFAULT_TIMEOUT, &token, &error));
    evertoken_token_free(token);
    evertoken_subscription_free(subscription);
    CHECK(w.runs >= 5); /* two flights, a failure, locked out, a token */
    waiter_destroy(&w);
    evertoken_client_free(client);
}

int main(void) {
    box = sandbox_start(true);
    RUN(faults_of_the_server_have_their_statuses);
    RUN(a_port_nobody_listens_on_is_unreachable);
    RUN(a_certificate_of_an_unknown_authority_is_a_tls_error);
    RUN(a_caller_that_waits_too_long_leaves_the_login_to_the_next);
    RUN(a_server_that_insists_on_a_refused_token_is_told_apart);
    RUN(a_foreign_origin_gets_no_token);
    RUN(a_rejection_is_kept_told_and_forgotten_on_reset);
    sandbox_stop(&box);
    return 0;
}
