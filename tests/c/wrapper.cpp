// evertoken.hpp: handles that free themselves, failures that are exceptions.

#include <evertoken.hpp>

#include <stdlib.h>

#include <atomic>
#include <cstdio>
#include <thread>
#include <type_traits>

extern "C" {
#include "support/sandbox.h"
}
#include "support/check.h"
#include "support/peers.h"

static sandbox box;

static evertoken::Config config(const std::string& name) {
  return evertoken::Config::pismo(box.url, sandbox_credential(&box, "pismo.server_key"), sandbox_credential(&box, "pismo.server_secret"))
      .text("token_url", std::string{box.url} + "/passport/v2/s2s/access-token?" + name);
}

static_assert(std::is_nothrow_move_constructible_v<evertoken::Client> && !std::is_copy_constructible_v<evertoken::Client>);

static void a_client_does_all_of_it() {
  sandbox_do(&box, "POST", "/reset", "{}");
  evertoken::Client client{config("cpp").timeout(std::chrono::seconds{20}).account_id(INT64_C(123))};
  std::atomic<int> installed{0};
  {
    auto subscription = client.on_event([&](evertoken::Event event) { installed += event.name() == "token_installed"; });
    evertoken::Token token = client.token();
    CHECK(!token.value().empty() && token.fingerprint().size() == 8);
    CHECK(token.expires_in() && *token.expires_in() > std::chrono::seconds{500});
    CHECK(token.expires_at() && *token.expires_at() > std::chrono::system_clock::now());
    CHECK(client.authorize().value() == "Bearer " + std::string{token.value()});
  }
  CHECK_INT(installed, 1);
  evertoken::Response response = client.post_json("/pismo/api/x", "{\"a\":1}");
  CHECK_INT(response.status(), 200);
  CHECK(response.body().find("\"body_length\":7") != std::string_view::npos);
  CHECK(response.header("Content-Type")->find("json") != std::string_view::npos);
  CHECK(!response.header("nothing") && !response.reason() && !response.error());
  CHECK_INT(client.get("/pismo/api/y", std::chrono::seconds{5}).status(), 200);
  CHECK_INT(client.stats().logins, 1);
  sandbox_do(&box, "POST", "/revoke", "{}");
  evertoken::Authorization authorization = client.authorize(std::string{box.url} + "/pismo/api/x");
  evertoken::Verdict verdict = client.judge(authorization, 401);
  CHECK_INT(verdict.action(), EVERTOKEN_ACTION_RESEND);
  CHECK(!verdict.value().empty() && verdict.value() != authorization.value() && !verdict.reason() && !verdict.error());
}

static void log_lines_come_while_somebody_listens() {
  sandbox_do(&box, "POST", "/reset", "{}");
  std::atomic<int> installed{0}, others{0};
  {
    auto subscription = evertoken::on_log(EVERTOKEN_LOG_INFO, [&](evertoken_log_level level, std::string_view line) {
      (level == EVERTOKEN_LOG_INFO && line.find("token_installed") == 0 ? installed : others)++;
    });
    evertoken::Client{config("cpp-log")}.token();
  }
  evertoken::Client{config("cpp-log-off")}.token();
  CHECK_INT(installed, 1);
  CHECK_INT(others, 0);
}

static void failures_are_exceptions_that_say_what_c_says() {
  sandbox_do(&box, "POST", "/reset", "{}");
  sandbox_do(&box, "POST", "/faults", "{\"route\":\"login\",\"fault\":{\"type\":\"rate_limited\",\"retry_after\":7}}");
  evertoken::Client client{config("cpp-failures").number("max_attempts", 1)};
  bool caught = false;
  try {
    client.token();
  } catch (const evertoken::Error& error) {
    caught = true;
    CHECK_INT(error.status(), EVERTOKEN_RATE_LIMITED);
    CHECK(error.code() == "rate_limited" && error.retryable() && error.http_status() == 429);
    CHECK(error.retry_after() && *error.retry_after() <= std::chrono::seconds{7});
    CHECK(error.identity() && !error.hint().empty() && std::string{error.what()}.find(error.message()) == 0);
    check_no_secret(&box, error.what());
  }
  CHECK(caught);
  caught = false;
  try {
    evertoken::Client wrong{config("cpp-wrong").text("base_ulr", "http://127.0.0.1")};
  } catch (const std::exception& error) {
    caught = true;
    CHECK(std::string{error.what()}.find("base_url") != std::string::npos);
  }
  CHECK(caught);
}

// Rounded as a Timeout is; the whole is what a call always took.
static_assert(evertoken::Limits{}.ms() == EVERTOKEN_DEFAULT_TIMEOUT && evertoken::Limits{evertoken::Timeout::none()}.ms() == EVERTOKEN_NO_TIMEOUT);
static_assert(evertoken::Limits{}.connect_ms() == 0 && evertoken::Limits{}.read_ms() == 0);
static_assert(evertoken::Limits{std::chrono::seconds{5}}.connect(std::chrono::microseconds{1500}).read(std::chrono::seconds{0}).ms() == 5000);
static_assert(evertoken::Limits{}.connect(std::chrono::microseconds{1500}).connect_ms() == 2);
static_assert(evertoken::Limits{}.connect(std::chrono::seconds{1}).read(std::chrono::seconds{0}).read_ms() == 1);

static void expect_timed_out(const evertoken::Client& client, const std::string& url, evertoken::Limits limits, const std::string& said) {
  std::string message;
  try {
    client.get(url, limits);
  } catch (const evertoken::Error& error) {
    CHECK_INT(error.status(), EVERTOKEN_TIMED_OUT);
    message = error.message();
  }
  CHECK(message.find(said) != std::string::npos);
}

static void a_request_has_limits_for_its_parts() {
  sandbox_do(&box, "POST", "/reset", "{}");
  const std::chrono::minutes enough{1};
  deaf_peer peer;
  deaf_peer_open(&peer);
  evertoken::Client deaf{evertoken::Config::passkit_token("pub1", "pasted").text("base_url", peer.url).number("connect_timeout", 3600)};
  expect_timed_out(deaf, "/x", evertoken::Limits{enough}.connect(std::chrono::milliseconds{50}), "no connection to 127.0.0.1");
  deaf_peer_close(&peer);
  evertoken::Client client{config("cpp-limits")};
  CHECK_INT(client.post_json("/pismo/api/x", "{}", evertoken::Limits{}.connect(enough).read(enough)).status(), 200);
  sandbox_do(&box, "POST", "/faults", "{\"route\":\"api\",\"fault\":\"hang\"}");
  expect_timed_out(client, "/pismo/api/x", evertoken::Limits{enough}.read(std::chrono::milliseconds{50}), "127.0.0.1 was silent for 0.05 s");
}

static void a_client_moves_and_is_shared_by_threads() {
  sandbox_do(&box, "POST", "/reset", "{}");
  evertoken::Client first{config("cpp-threads")};
  const evertoken::Client client{std::move(first)};
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; i++) threads.emplace_back([&] { good += client.get("/pismo/api/x").status() == 200; });
  for (std::thread& thread : threads) thread.join();
  CHECK_INT(good, 8);
  CHECK_INT(sandbox_count(&box, "total.login"), 1);
}

static void a_profile_makes_a_client_and_can_be_changed() {
  sandbox_do(&box, "POST", "/reset", "{}");
  char path[] = "/tmp/evertoken-profile-XXXXXX";
  const int fd = mkstemp(path);
  CHECK(fd >= 0);
  FILE* file = fdopen(fd, "w");
  CHECK(file != nullptr);
  std::fprintf(file, "[profiles.mine]\nflow = \"pismo\"\nbase_url = \"%s\"\nserver_key = { env = \"TEST_KEY\" }\nserver_secret = { env = \"TEST_SECRET\" }\n", box.url);
  CHECK(std::fclose(file) == 0);
  CHECK(setenv("TEST_KEY", sandbox_credential(&box, "pismo.server_key"), 1) == 0);
  CHECK(setenv("TEST_SECRET", sandbox_credential(&box, "pismo.server_secret"), 1) == 0);
  evertoken::Client client{evertoken::Config::profile("mine", path).account_id(77)};
  evertoken::Response response = client.get("/pismo/api/x");
  CHECK_INT(response.status(), 200);
  CHECK(response.body().find("77") != std::string_view::npos);
  bool caught = false;
  try {
    evertoken::Client wrong{evertoken::Config::profile("mine", path).text("base_ulr", "x")};
  } catch (const evertoken::Error& error) {
    caught = error.status() == EVERTOKEN_CONFIG_INVALID && error.message().find(path) != std::string::npos;
  }
  CHECK(caught);
  CHECK(std::remove(path) == 0);
}

int main() {
  box = sandbox_start(false);
  RUN(a_client_does_all_of_it);
  RUN(a_profile_makes_a_client_and_can_be_changed);
  RUN(log_lines_come_while_somebody_listens);
  RUN(failures_are_exceptions_that_say_what_c_says);
  RUN(a_request_has_limits_for_its_parts);
  RUN(a_client_moves_and_is_shared_by_threads);
  sandbox_stop(&box);
  return 0;
}
