/* Every entry point answers NULL, bad UTF-8 and strangers; outputs are written as the header says. Needs no server. */

#include <evertoken.h>

#include "support/check.h"

static const char BAD[] = "\xFF\xFE";
static void *const UNTOUCHED = (void *)0x5A5A;

static evertoken_config *config_new(void) {
    evertoken_config *config = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_config_pismo("http://127.0.0.1:9", "key", "sEcReT-in-the-surface", &config, &error));
    return config;
}

static evertoken_client *client_new(void) {
    evertoken_config *config = config_new();
    evertoken_client *client = NULL;
    evertoken_error *error = NULL;
    CHECK_OK(evertoken_client_new(config, &client, &error));
    evertoken_config_free(config);
    return client;
}

static void statuses_have_strings_for_any_number(void) {
    CHECK_STR(evertoken_status_str(EVERTOKEN_OK), "ok");
    CHECK_STR(evertoken_status_str(EVERTOKEN_RATE_LIMITED), "rate_limited");
    CHECK_STR(evertoken_status_str(EVERTOKEN_NULL_ARGUMENT), "null_argument");
    CHECK_STR(evertoken_status_str(-1), "unknown_status");
    CHECK_STR(evertoken_status_str(2147483647), "unknown_status");
    CHECK(evertoken_status_is_retryable(EVERTOKEN_TIMED_OUT));
    CHECK(!evertoken_status_is_retryable(EVERTOKEN_CREDENTIALS_REJECTED));
    CHECK(!evertoken_status_is_retryable(EVERTOKEN_OK));
    CHECK(!evertoken_status_is_retryable(12345));
    CHECK_STR(evertoken_version(), EVERTOKEN_VERSION);
}

static void freeing_null_does_nothing(void) {
    evertoken_error_free(NULL);
    evertoken_config_free(NULL);
    evertoken_client_free(NULL);
    evertoken_client_close(NULL);
    evertoken_client_reset(NULL);
    evertoken_client_invalidate(NULL);
    evertoken_token_free(NULL);
    evertoken_authorization_free(NULL);
    evertoken_verdict_free(NULL);
    evertoken_request_free(NULL);
    evertoken_response_free(NULL);
    evertoken_state_free(NULL);
    evertoken_subscription_free(NULL);
    evertoken_call_cancel(NULL);
    evertoken_call_free(NULL);
}

static void reading_null_gives_what_the_header_says(void) {
    size_t len = 7;
    evertoken_header header = {"n", "v"};
    CHECK_INT(evertoken_error_status(NULL), EVERTOKEN_OK);
    CHECK_STR(evertoken_error_code(NULL), "ok");
    CHECK_STR(evertoken_error_message(NULL), "");
    CHECK_STR(evertoken_error_text(NULL), "");
    CHECK_STR(evertoken_error_hint(NULL), "");
    CHECK_INT(evertoken_error_http_status(NULL), 0);
    CHECK(evertoken_error_provider_code(NULL, NULL) == NULL);
    CHECK(evertoken_error_provider_message(NULL, NULL) == NULL);
    CHECK(evertoken_error_identity(NULL, &len) == NULL && len == 0);
    CHECK(evertoken_error_fingerprint(NULL, NULL) == NULL);
    CHECK_INT(evertoken_error_retry_after_ms(NULL), -1);
    CHECK(!evertoken_error_retryable(NULL));
    CHECK(evertoken_token_value(NULL, &len) == NULL);
    CHECK_INT(evertoken_token_expires_at_unix_secs(NULL), -1);
    CHECK_INT(evertoken_token_expires_in_ms(NULL), -1);
    CHECK(evertoken_token_scope(NULL, NULL) == NULL);
    CHECK(evertoken_token_fingerprint(NULL, NULL) == NULL);
    CHECK_INT(evertoken_token_generation(NULL), 0);
    CHECK(evertoken_authorization_value(NULL, NULL) == NULL);
    CHECK(evertoken_authorization_fingerprint(NULL, NULL) == NULL);
    CHECK_INT(evertoken_authorization_generation(NULL), 0);
    CHECK(!evertoken_authorization_is_resend(NULL));
    CHECK_INT(evertoken_verdict_action(NULL), EVERTOKEN_ACTION_DONE);
    CHECK(evertoken_verdict_authorization(NULL) == NULL);
    CHECK(evertoken_verdict_reason(NULL) == NULL);
    CHECK(evertoken_verdict_error(NULL) == NULL);
    CHECK_INT(evertoken_response_status(NULL), 0);
    CHECK(evertoken_response_url(NULL, NULL) == NULL);
    CHECK(evertoken_response_header(NULL, "a", 0, NULL) == NULL);
    CHECK_INT(evertoken_response_header_count(NULL), 0);
    CHECK(!evertoken_response_header_at(NULL, 0, &header));
    CHECK_STR(header.name, "n");
    CHECK(evertoken_response_body(NULL, NULL) == NULL);
    CHECK(evertoken_response_reason(NULL) == NULL);
    CHECK(evertoken_response_error(NULL) == NULL);
    CHECK(evertoken_client_identity(NULL, NULL) == NULL);
    CHECK(evertoken_state_standing(NULL) == NULL);
    CHECK_INT(evertoken_state_expires_in_ms(NULL), -1);
    CHECK(evertoken_state_fingerprint(NULL, NULL) == NULL);
    CHECK(evertoken_state_via(NULL) == NULL);
    CHECK(evertoken_state_last_error(NULL) == NULL);
    CHECK_INT(evertoken_state_next_try_in_ms(NULL), -1);
    CHECK(evertoken_event_name(NULL) == NULL);
    CHECK(evertoken_event_identity(NULL, NULL) == NULL);
    CHECK(evertoken_event_fingerprint(NULL, NULL) == NULL);
    CHECK(evertoken_event_via(NULL) == NULL);
    CHECK_INT(evertoken_event_expires_in_ms(NULL), -1);
    CHECK(evertoken_event_reason(NULL) == NULL);
    CHECK(evertoken_event_error(NULL) == NULL);
    CHECK_INT(evertoken_event_pause_ms(NULL), -1);
}

static void constructors_answer_null_and_bad_utf8_and_leave_the_output_alone(void) {
    evertoken_error *error = NULL;
    evertoken_config *config = UNTOUCHED;
    evertoken_client *client = UNTOUCHED;
    evertoken_request *request = UNTOUCHED;
    CHECK_FAILS(evertoken_config_new(NULL, &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_new("pismo", NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_new("pismi", &config, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK_FAILS(evertoken_config_new(BAD, &config, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_config_profile(NULL, NULL, &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_profile("a", BAD, &config, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_config_profile("a", "/nonexistent/evertoken.toml", &config, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK_FAILS(evertoken_config_pismo(NULL, "k", "s", &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_pismo("http://127.0.0.1", NULL, "s", &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_pismo("http://127.0.0.1", "k", BAD, &config, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_config_pismo("http://127.0.0.1", "k", "s", NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_passkit(NULL, NULL, "p", &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_passkit_token(NULL, NULL, &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_wso2(NULL, "k", "s", "u", "p", &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_password("u", BAD, "s", "u", "p", &config, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_config_client_credentials("u", "i", NULL, &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_config_json_login(NULL, &config, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_new(NULL, &client, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_new("GET", NULL, &request, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_new("not a method", "/x", &request, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK(config == UNTOUCHED && client == UNTOUCHED && request == UNTOUCHED);
    CHECK_INT(evertoken_config_new(NULL, &config, NULL), EVERTOKEN_NULL_ARGUMENT); /* no error wanted */
}

static void a_setter_that_failed_is_reported_by_client_new(void) {
    evertoken_error *error = NULL;
    evertoken_client *client = UNTOUCHED;
    evertoken_config *config = config_new();
    CHECK_INT(evertoken_config_set_text(NULL, "user_agent", "x"), EVERTOKEN_NULL_ARGUMENT);
    CHECK_INT(evertoken_config_set_text(config, NULL, "x"), EVERTOKEN_NULL_ARGUMENT);
    CHECK_INT(evertoken_config_set_user_agent(config, BAD), EVERTOKEN_BAD_UTF8);
    CHECK_INT(evertoken_config_set_list(config, "scope", NULL, 2), EVERTOKEN_NULL_ARGUMENT);
    CHECK_INT(evertoken_config_set_entry(config, "body", "k", NULL), EVERTOKEN_NULL_ARGUMENT);
    CHECK_INT(evertoken_config_set_client_cert(config, NULL, NULL), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_new(config, &client, &error), EVERTOKEN_NULL_ARGUMENT); /* the first of them */
    CHECK(client == UNTOUCHED);
    evertoken_config_free(config);
}

static void what_is_wrong_with_a_configuration_is_named(void) {
    static const struct {
        const char *option, *value, *mentioned;
    } wrong[] = {
        {"base_ulr", "http://127.0.0.1", "base_url"},
        {"base_url", "ftp://127.0.0.1", "base_url"},
        {"base_url", "http://example.com", "base_url"},
        {"timeout", "soon", "timeout"},
        {"auth_scheme", "two words", "auth_scheme"},
        {"ca_file", "/nonexistent.pem", "ca_file"},
        {"account_id", "twelve", "account_id"},
        {"user_agent", "a\r\nb", "user_agent"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        evertoken_error *error = NULL;
        evertoken_client *client = NULL;
        evertoken_config *config = config_new();
        CHECK_INT(evertoken_config_set_text(config, wrong[i].option, wrong[i].value), EVERTOKEN_OK);
        CHECK_INT(evertoken_client_new(config, &client, &error), EVERTOKEN_CONFIG_INVALID);
        CHECK(strstr(evertoken_error_text(error), wrong[i].mentioned) != NULL);
        CHECK(strstr(evertoken_error_text(error), "sEcReT") == NULL);
        evertoken_error_free(error);
        evertoken_config_free(config);
    }
}

static void every_setter_of_a_common_option_reaches_the_core(void) {
    evertoken_error *error = NULL;
    evertoken_client *client = NULL;
    evertoken_config *config = config_new();
    CHECK_INT(evertoken_config_set_base_url(config, "http://127.0.0.1:8"), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_allow_origin(config, "http://127.0.0.1:10"), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_allow_origin(config, "http://127.0.0.1:11"), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_account_id(config, INT64_C(9007199254740993)), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_auth_scheme(config, ""), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_timeout_ms(config, 1500), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_connect_timeout_ms(config, 500), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_default_life_ms(config, 60000), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_soft_window_ms(config, 5000), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_hard_window_ms(config, 1000), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_max_attempts(config, 1), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_proxy(config, "http://127.0.0.1:12"), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_user_agent(config, "test/1"), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_keep_warm(config, 1), EVERTOKEN_OK);
    CHECK_INT(evertoken_config_set_allow_insecure_http(config, 1), EVERTOKEN_OK);
    CHECK_OK(evertoken_client_new(config, &client, &error));
    evertoken_config_free(config);
    CHECK(evertoken_client_identity(client, NULL) != NULL);
    evertoken_client_free(client);
}

static void calls_answer_null_and_bad_utf8_and_leave_the_outputs_alone(void) {
    evertoken_error *error = NULL;
    evertoken_client *client = client_new();
    evertoken_token *token = UNTOUCHED;
    evertoken_authorization *authorization = UNTOUCHED;
    evertoken_verdict *verdict = UNTOUCHED;
    evertoken_response *response = UNTOUCHED;
    evertoken_state *state = UNTOUCHED;
    evertoken_subscription *subscription = UNTOUCHED;
    evertoken_call *call = UNTOUCHED;
    evertoken_stats stats;
    evertoken_request *request = NULL;
    char buffer[16] = "same";
    size_t len = 99;
    CHECK_OK(evertoken_request_new("GET", "/x", &request, &error));

    CHECK_FAILS(evertoken_client_token(NULL, 0, &token, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_token(client, 0, NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_token_for(NULL, 0, 0, &token, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_authorize(NULL, NULL, &authorization, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_authorize(client, BAD, &authorization, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_client_authorization_copy(NULL, buffer, sizeof buffer, &len, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_authorization_copy(client, NULL, 16, &len, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_authorization_copy(client, buffer, sizeof buffer, NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_judge(NULL, NULL, 200, NULL, 0, NULL, 0, 1, 0, &verdict, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_judge(client, NULL, 200, NULL, 0, NULL, 0, 1, 0, &verdict, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_judge(client, NULL, 200, NULL, 3, NULL, 0, 1, 0, &verdict, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_request(client, "GET", NULL, NULL, 0, 0, &response, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_request(client, "GET", "/x", NULL, 5, 0, &response, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_request(client, "G T", "/x", NULL, 0, 0, &response, &error), EVERTOKEN_CONFIG_INVALID);
    CHECK_FAILS(evertoken_client_request(client, BAD, "/x", NULL, 0, 0, &response, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_client_send(client, NULL, &response, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_state(NULL, &state, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_stats(client, NULL, sizeof stats, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_subscribe(client, NULL, NULL, &subscription, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_revoke_and_close(NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_token_start(client, 0, NULL, NULL, &call, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_authorize_start(client, NULL, NULL, NULL, &call, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_request_start(client, "GET", "/x", NULL, 0, 0, NULL, NULL, &call, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_client_send_start(client, request, NULL, NULL, &call, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_add_header(request, NULL, "v", &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_add_header(request, "n", BAD, &error), EVERTOKEN_BAD_UTF8);
    CHECK_FAILS(evertoken_request_set_body(request, NULL, 1, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_set_body_reader(request, NULL, NULL, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_request_set_streaming(NULL, 1, &error), EVERTOKEN_NULL_ARGUMENT);
    CHECK_FAILS(evertoken_response_read(NULL, buffer, sizeof buffer, &len, &error), EVERTOKEN_NULL_ARGUMENT);

    CHECK(token == UNTOUCHED && authorization == UNTOUCHED && verdict == UNTOUCHED && response == UNTOUCHED);
    CHECK(state == UNTOUCHED && subscription == UNTOUCHED && call == UNTOUCHED && len == 99);
    CHECK_STR(buffer, "same");
    evertoken_request_free(request);
    evertoken_client_free(client);
}

static void a_handle_of_another_type_is_a_misuse(void) {
    evertoken_error *error = NULL;
    evertoken_token *token = UNTOUCHED;
    evertoken_config *config = config_new();
    evertoken_client *client = client_new();
    CHECK_FAILS(evertoken_client_token((evertoken_client *)(void *)config, 0, &token, &error), EVERTOKEN_MISUSE);
    CHECK_FAILS(evertoken_client_token((evertoken_client *)(void *)((char *)client + 1), 0, &token, &error), EVERTOKEN_MISUSE);
    CHECK_INT(evertoken_config_set_text((evertoken_config *)(void *)client, "a", "b"), EVERTOKEN_MISUSE);
    evertoken_client_free((evertoken_client *)(void *)config); /* frees nothing */
    CHECK(evertoken_token_value((evertoken_token *)(void *)client, NULL) == NULL);
    CHECK(token == UNTOUCHED);
    evertoken_client_free(client);
    evertoken_config_free(config);
}

static void stats_fill_what_the_caller_knows(void) {
    evertoken_error *error = NULL;
    evertoken_client *client = client_new();
    evertoken_stats stats;
    memset(&stats, 0x5A, sizeof stats);
    CHECK_OK(evertoken_client_stats(client, &stats, 2 * sizeof(uint64_t), &error));
    CHECK_INT(stats.tokens_served, 0);
    CHECK_INT(stats.flights, 0);
    CHECK(stats.failures == UINT64_C(0x5A5A5A5A5A5A5A5A));
    CHECK_OK(evertoken_client_stats(client, &stats, sizeof stats, &error));
    CHECK_INT(stats.waiting, 0);
    evertoken_client_free(client);
}

static void a_closed_client_says_so(void) {
    evertoken_error *error = NULL;
    evertoken_client *client = client_new();
    evertoken_token *token = NULL;
    evertoken_client_close(client);
    evertoken_client_close(client);
    CHECK_FAILS(evertoken_client_token(client, 0, &token, &error), EVERTOKEN_CLOSED);
    evertoken_client_free(client);
}

int main(void) {
    RUN(statuses_have_strings_for_any_number);
    RUN(freeing_null_does_nothing);
    RUN(reading_null_gives_what_the_header_says);
    RUN(constructors_answer_null_and_bad_utf8_and_leave_the_output_alone);
    RUN(a_setter_that_failed_is_reported_by_client_new);
    RUN(what_is_wrong_with_a_configuration_is_named);
    RUN(every_setter_of_a_common_option_reaches_the_core);
    RUN(calls_answer_null_and_bad_utf8_and_leave_the_outputs_alone);
    RUN(a_handle_of_another_type_is_a_misuse);
    RUN(stats_fill_what_the_caller_knows);
    RUN(a_closed_client_says_so);
    return 0;
}
