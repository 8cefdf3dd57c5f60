// Use when a program or a thread ends: destructors of static objects, functions registered with atexit(), destructors of a
// thread's own objects. No crash, no hang, and the calls work.

#include <evertoken.hpp>

#include <unistd.h>

#include <cstdlib>
#include <thread>

extern "C" {
#include "support/sandbox.h"
}
#include "support/check.h"

static sandbox box;

static evertoken::Config config(const char* name) {
  return evertoken::Config::pismo(box.url, sandbox_credential(&box, "pismo.server_key"), sandbox_credential(&box, "pismo.server_secret"))
      .text("token_url", std::string{box.url} + "/passport/v2/s2s/access-token?" + name);
}

// Uses its client in its destructor, which is the first use if `name` says so.
struct Late {
  const char* name;
  bool used_before = true;
  std::optional<evertoken::Client> client{};

  void begin() {
    client.emplace(config(name));
    if (used_before) CHECK_INT(client->get("/pismo/api/x").status(), 200);
  }
  ~Late() {
    if (!client) return;
    CHECK_INT(client->get("/pismo/api/x").status(), 200);
    CHECK_INT(client->post_json("/pismo/api/x", "{}").status(), 200);
    sandbox_do(&box, "POST", "/revoke", "{}");
    CHECK_INT(client->get("/pismo/api/x").status(), 200);
    std::printf("ok %s\n", name);
    std::fflush(stdout);
  }
};

// Destroyed in the opposite order: the last one first, the sandbox's end at last.
static struct End {
  ~End() { sandbox_stop(&box); }
} end;
static Late first_used_by_a_static_destructor{"first_used_by_a_static_destructor", false};
static Late used_again_by_a_static_destructor{"used_again_by_a_static_destructor"};

static Late* registered;

static void at_exit() { delete registered; }

static void use_at_the_end_of_a_thread(const char* name, bool used_before) {
  std::thread{[=] {
    thread_local Late late{name, used_before};
    late.begin();
  }}.join();
}

int main() {
  box = sandbox_start(false);
  alarm(60);
  use_at_the_end_of_a_thread("used_again_by_a_threads_destructor", true);
  use_at_the_end_of_a_thread("first_used_by_a_threads_destructor", false);
  registered = new Late{"used_by_a_function_registered_with_atexit"};
  registered->begin();
  CHECK(std::atexit(at_exit) == 0);
  used_again_by_a_static_destructor.begin();
  first_used_by_a_static_destructor.begin();
  // Still under way when the program ends: nobody waits for it.
  sandbox_do(&box, "POST", "/faults", "{\"route\":\"/pismo/api/held\",\"fault\":\"hang\"}");
  evertoken_error* error = nullptr;
  CHECK_OK(evertoken_client_request_start(
      registered->client->handle(), "GET", "/pismo/api/held", nullptr, 0, EVERTOKEN_NO_TIMEOUT,
      [](void*, evertoken_response* response, evertoken_error* failure) {
        evertoken_response_free(response);
        evertoken_error_free(failure);
      },
      nullptr, nullptr, &error));
  sandbox_do(&box, "POST", "/wait", "{\"held\":1}");
  return 0;
}
