/// @file evertoken.hpp
/// Evertoken for C++17: the C interface, with handles that free themselves, and with exceptions. Header only.
///
///     auto config = evertoken::Config::pismo("https://sandbox.pismolabs.io", key, secret).account_id(123);
///     evertoken::Client client{config};
///     evertoken::Response response = client.get("/accounts/123");
///     std::cout << response.status() << ' ' << response.body() << '\n';
///
/// The documentation of evertoken.h applies here too. A returned std::string_view is valid as long as the object it came from.
/// Objects can be moved, not copied. `handle()` returns the C handle, for functions that have no method here.
#ifndef EVERTOKEN_HPP
#define EVERTOKEN_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <evertoken.h>
#include <evertoken_limits.hpp>

namespace evertoken {

namespace detail {

/// Frees a handle with its own function.
template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

template <typename T, auto Free>
using Handle = std::unique_ptr<T, Deleter<Free>>;

/// What the classes below have in common: each owns one C handle.
template <typename T, auto Free>
class Owner {
 public:
  /// Takes ownership of a C handle.
  explicit Owner(T* handle) noexcept : handle_{handle} {}
  /// The C handle, which this object still owns.
  T* handle() const noexcept { return handle_.get(); }

 private:
  Handle<T, Free> handle_;
};

/// A text that may be NULL.
inline std::optional<std::string_view> optional_view(const char* text) noexcept {
  if (text == nullptr) return std::nullopt;
  return std::string_view{text};
}

/// The text of a getter that also returns its length, because the text may contain NUL bytes.
template <typename Get>
std::optional<std::string_view> optional_view_of(Get&& get) noexcept {
  std::size_t length = 0;
  const char* text = get(&length);
  if (text == nullptr) return std::nullopt;
  return std::string_view{text, length};
}

/// The same, empty for NULL.
template <typename Get>
std::string_view view_of(Get&& get) noexcept {
  return optional_view_of(std::forward<Get>(get)).value_or(std::string_view{});
}

inline std::optional<std::chrono::milliseconds> optional_ms(std::int64_t milliseconds) noexcept {
  if (milliseconds < 0) return std::nullopt;
  return std::chrono::milliseconds{milliseconds};
}

inline std::optional<std::string> optional_text(const char* text) {
  if (text == nullptr) return std::nullopt;
  return std::string{text};
}

}  // namespace detail

/// A failed call. `what()` is one line without secrets: what happened, to which identity, and what to do.
class Error : public std::runtime_error {
 public:
  /// Copies a C error.
  explicit Error(const evertoken_error* error)
      : std::runtime_error{evertoken_error_text(error)},
        status_{evertoken_error_status(error)},
        message_{evertoken_error_message(error)},
        hint_{evertoken_error_hint(error)},
        provider_code_{detail::optional_text(evertoken_error_provider_code(error, nullptr))},
        provider_message_{detail::optional_text(evertoken_error_provider_message(error, nullptr))},
        identity_{detail::optional_text(evertoken_error_identity(error, nullptr))},
        fingerprint_{detail::optional_text(evertoken_error_fingerprint(error, nullptr))},
        http_status_{evertoken_error_http_status(error)},
        retry_after_{detail::optional_ms(evertoken_error_retry_after_ms(error))},
        retryable_{evertoken_error_retryable(error)} {}

  /// The status, to switch over.
  evertoken_status status() const noexcept { return status_; }
  /// The stable string, such as `credentials_rejected`.
  std::string_view code() const noexcept { return evertoken_status_str(status_); }
  /// What happened, without identity and hint.
  const std::string& message() const noexcept { return message_; }
  /// What to do about it.
  const std::string& hint() const noexcept { return hint_; }
  /// The provider's own code.
  const std::optional<std::string>& provider_code() const noexcept { return provider_code_; }
  /// The provider's own message, secrets removed.
  const std::optional<std::string>& provider_message() const noexcept { return provider_message_; }
  /// The identity it concerns.
  const std::optional<std::string>& identity() const noexcept { return identity_; }
  /// The fingerprint of the token it concerns.
  const std::optional<std::string>& fingerprint() const noexcept { return fingerprint_; }
  /// The status of the HTTP response that caused it; 0 if there was none.
  int http_status() const noexcept { return http_status_; }
  /// How long to wait before the next attempt.
  std::optional<std::chrono::milliseconds> retry_after() const noexcept { return retry_after_; }
  /// Whether the same call may succeed later.
  bool retryable() const noexcept { return retryable_; }

 private:
  evertoken_status status_;
  std::string message_, hint_;
  std::optional<std::string> provider_code_, provider_message_, identity_, fingerprint_;
  int http_status_;
  std::optional<std::chrono::milliseconds> retry_after_;
  bool retryable_;
};

namespace detail {

/// An error that may be NULL.
inline std::optional<Error> optional_error(const evertoken_error* error) {
  if (error == nullptr) return std::nullopt;
  return Error{error};
}

/// Calls a C function, and throws its error.
template <typename Call>
void checked(Call&& call) {
  evertoken_error* raw = nullptr;
  if (call(&raw) != EVERTOKEN_OK) {
    Handle<evertoken_error, evertoken_error_free> error{raw};
    throw Error{error.get()};
  }
}

/// The same for a function that creates a handle.
template <typename T, typename Call>
T* made(Call&& call) {
  T* handle = nullptr;
  checked([&](evertoken_error** error) { return call(&handle, error); });
  return handle;
}

}  // namespace detail

/// How to log in, and where the token may be sent.
class Config : public detail::Owner<evertoken_config, evertoken_config_free> {
 public:
  using Owner::Owner;
  /// A flow by name: `pismo`, `passkit`, `wso2`, `password`, `client_credentials`, `json_login`.
  explicit Config(const std::string& flow)
      : Owner{detail::made<evertoken_config>([&](auto out, auto error) { return evertoken_config_new(flow.c_str(), out, error); })} {}

  /// The profile `name` of the `evertoken.toml` at `path`, or of the first one found if that is empty.
  static Config profile(const std::string& name, const std::string& path = {}) {
    return Config{detail::made<evertoken_config>([&](auto out, auto error) {
      return evertoken_config_profile(name.c_str(), path.empty() ? nullptr : path.c_str(), out, error);
    })};
  }
  /// Pismo Passport, server to server.
  static Config pismo(const std::string& base_url, const std::string& server_key, const std::string& server_secret) {
    return Config{"pismo"}.text("base_url", base_url).text("server_key", server_key).text("server_secret", server_secret);
  }
  /// PassKit with user name and password; region `pub1` or `pub2`.
  static Config passkit(const std::string& region, const std::string& username, const std::string& password) {
    return Config{"passkit"}.text("region", region).text("username", username).text("password", password);
  }
  /// PassKit with a token from its portal.
  static Config passkit_token(const std::string& region, const std::string& token) {
    return Config{"passkit"}.text("region", region).text("token", token);
  }
  /// A WSO2 gateway, password grant.
  static Config wso2(const std::string& token_url, const std::string& consumer_key, const std::string& consumer_secret,
                     const std::string& username, const std::string& password) {
    return Config{"wso2"}
        .text("token_url", token_url)
        .text("consumer_key", consumer_key)
        .text("consumer_secret", consumer_secret)
        .text("username", username)
        .text("password", password);
  }
  /// Any OAuth2 server, password grant.
  static Config password(const std::string& token_url, const std::string& client_id, const std::string& client_secret,
                         const std::string& username, const std::string& password) {
    return Config{"password"}
        .text("token_url", token_url)
        .text("client_id", client_id)
        .text("client_secret", client_secret)
        .text("username", username)
        .text("password", password);
  }
  /// Any OAuth2 server, client credentials grant.
  static Config client_credentials(const std::string& token_url, const std::string& client_id, const std::string& client_secret) {
    return Config{"client_credentials"}.text("token_url", token_url).text("client_id", client_id).text("client_secret", client_secret);
  }

  /// Sets a text option by name. No setter throws: the client's constructor reports what is wrong.
  Config& text(const std::string& option, const std::string& value) & {
    evertoken_config_set_text(handle(), option.c_str(), value.c_str());
    return *this;
  }
  /// Sets a number option by name; durations are seconds.
  Config& number(const std::string& option, double value) & {
    evertoken_config_set_number(handle(), option.c_str(), value);
    return *this;
  }
  /// Switches an option of this name on or off.
  Config& flag(const std::string& option, bool on) & {
    evertoken_config_set_flag(handle(), option.c_str(), on ? 1 : 0);
    return *this;
  }
  /// Sets one entry of an option that is a table.
  Config& entry(const std::string& option, const std::string& key, const std::string& value) & {
    evertoken_config_set_entry(handle(), option.c_str(), key.c_str(), value.c_str());
    return *this;
  }
  /// Pismo: the account that the token is limited to.
  Config& account_id(std::int64_t id) & {
    evertoken_config_set_account_id(handle(), id);
    return *this;
  }
  /// Deadline of a login, and of every call that sets none of its own; default 30 s.
  Config& timeout(std::chrono::milliseconds limit) & {
    evertoken_config_set_timeout_ms(handle(), limit.count());
    return *this;
  }
  /// Another origin that may receive the token.
  Config& allow_origin(const std::string& url) & {
    evertoken_config_allow_origin(handle(), url.c_str());
    return *this;
  }

  // The same setters for a chain that begins with a temporary, such as Config::pismo(…).account_id(123).
  Config&& text(const std::string& option, const std::string& value) && { return std::move(text(option, value)); }
  Config&& number(const std::string& option, double value) && { return std::move(number(option, value)); }
  Config&& flag(const std::string& option, bool on) && { return std::move(flag(option, on)); }
  Config&& entry(const std::string& option, const std::string& key, const std::string& value) && { return std::move(entry(option, key, value)); }
  Config&& account_id(std::int64_t id) && { return std::move(account_id(id)); }
  Config&& timeout(std::chrono::milliseconds limit) && { return std::move(timeout(limit)); }
  Config&& allow_origin(const std::string& url) && { return std::move(allow_origin(url)); }
};

/// A token and what is known about it.
class Token : public detail::Owner<evertoken_token, evertoken_token_free> {
 public:
  using Owner::Owner;
  /// The token itself.
  std::string_view value() const noexcept {
    return detail::view_of([&](auto length) { return evertoken_token_value(handle(), length); });
  }
  /// When it expires, by this machine's clock; none if it is valid until refused.
  std::optional<std::chrono::system_clock::time_point> expires_at() const noexcept {
    const std::int64_t secs = evertoken_token_expires_at_unix_secs(handle());
    if (secs < 0) return std::nullopt;
    return std::chrono::system_clock::time_point{std::chrono::seconds{secs}};
  }
  /// Its remaining lifetime when it was returned; none if it is valid until refused.
  std::optional<std::chrono::milliseconds> expires_in() const noexcept {
    return detail::optional_ms(evertoken_token_expires_in_ms(handle()));
  }
  /// The granted scopes, separated by spaces; none if the server did not say.
  std::optional<std::string_view> scope() const noexcept {
    return detail::optional_view_of([&](auto length) { return evertoken_token_scope(handle(), length); });
  }
  /// The first 8 hex digits of its SHA-256.
  std::string_view fingerprint() const noexcept { return evertoken_token_fingerprint(handle(), nullptr); }
};

/// Permission to send one request with the token.
class Authorization : public detail::Owner<evertoken_authorization, evertoken_authorization_free> {
 public:
  using Owner::Owner;
  /// The header's value, such as `Bearer abc`.
  std::string_view value() const noexcept {
    return detail::view_of([&](auto length) { return evertoken_authorization_value(handle(), length); });
  }
};

/// What to do about a response.
class Verdict : public detail::Owner<evertoken_verdict, evertoken_verdict_free> {
 public:
  using Owner::Owner;
  /// Use the response, send the request again, or return the 401.
  evertoken_action action() const noexcept { return evertoken_verdict_action(handle()); }
  /// For EVERTOKEN_ACTION_RESEND: the header's value to send the request again with; else empty.
  std::string_view value() const noexcept {
    return detail::view_of([&](auto length) { return evertoken_authorization_value(evertoken_verdict_authorization(handle()), length); });
  }
  /// Why a 401 was not healed.
  std::optional<std::string_view> reason() const noexcept { return detail::optional_view(evertoken_verdict_reason(handle())); }
  /// The error of the renewal, if one was made and failed.
  std::optional<Error> error() const { return detail::optional_error(evertoken_verdict_error(handle())); }
};

/// A response of the API with its whole body.
class Response : public detail::Owner<evertoken_response, evertoken_response_free> {
 public:
  using Owner::Owner;
  /// The HTTP status.
  int status() const noexcept { return evertoken_response_status(handle()); }
  /// The body.
  std::string_view body() const noexcept {
    return detail::view_of([&](auto length) { return evertoken_response_body(handle(), length); });
  }
  /// The value of the header of this name; if there are several, of the one at `index`.
  std::optional<std::string_view> header(const std::string& name, std::size_t index = 0) const noexcept {
    return detail::optional_view_of([&](auto length) { return evertoken_response_header(handle(), name.c_str(), index, length); });
  }
  /// The URL that sent the response, after redirects.
  std::string_view url() const noexcept { return evertoken_response_url(handle(), nullptr); }
  /// Why a 401 was not healed.
  std::optional<std::string_view> reason() const noexcept { return detail::optional_view(evertoken_response_reason(handle())); }
  /// The error of the renewal, if one was made and failed.
  std::optional<Error> error() const { return detail::optional_error(evertoken_response_error(handle())); }
};

/// A header of a request.
using Header = std::pair<std::string, std::string>;

/// An event, valid during the callback.
class Event {
 public:
  /// Refers to a C event.
  explicit Event(const evertoken_event* event) noexcept : event_{event} {}
  /// What happened, such as `token_installed`.
  std::string_view name() const noexcept { return evertoken_event_name(event_); }
  /// The identity.
  std::string_view identity() const noexcept { return evertoken_event_identity(event_, nullptr); }
  /// The C event.
  const evertoken_event* handle() const noexcept { return event_; }

 private:
  const evertoken_event* event_;
};

/// Calls a function with every event, or every log line, until it is destroyed.
class Subscription {
 public:
  /// For Client::on_event() and on_log().
  Subscription(std::shared_ptr<void> listener, evertoken_subscription* handle) noexcept : listener_{std::move(listener)}, handle_{handle} {}

 private:
  // In this order, so that the subscription ends before the function that it calls is destroyed.
  std::shared_ptr<void> listener_;
  detail::Handle<evertoken_subscription, evertoken_subscription_free> handle_;
};

/// A client for one identity and one API. Its methods may be called by any number of threads.
class Client : public detail::Owner<evertoken_client, evertoken_client_free> {
 public:
  using Owner::Owner;
  /// Checks the whole configuration; throws an Error that names what is wrong.
  explicit Client(const Config& config)
      : Owner{detail::made<evertoken_client>([&](auto out, auto error) { return evertoken_client_new(config.handle(), out, error); })} {}

  /// A token that is valid now.
  Token token(Timeout timeout = {}) const {
    return Token{detail::made<evertoken_token>([&](auto out, auto error) { return evertoken_client_token(handle(), timeout.ms(), out, error); })};
  }
  /// A token with at least this remaining lifetime.
  Token token_for(std::chrono::milliseconds min_ttl, Timeout timeout = {}) const {
    return Token{detail::made<evertoken_token>(
        [&](auto out, auto error) { return evertoken_client_token_for(handle(), min_ttl.count(), timeout.ms(), out, error); })};
  }
  /// The header for the base URL's origin.
  Authorization authorize() const {
    return Authorization{detail::made<evertoken_authorization>(
        [&](auto out, auto error) { return evertoken_client_authorize(handle(), nullptr, out, error); })};
  }
  /// The header for a URL.
  Authorization authorize(const std::string& url) const {
    return Authorization{detail::made<evertoken_authorization>(
        [&](auto out, auto error) { return evertoken_client_authorize(handle(), url.c_str(), out, error); })};
  }
  /// What to do about a response.
  Verdict judge(const Authorization& sent, int status, const std::vector<evertoken_header>& headers = {}, std::string_view body_prefix = {},
                bool replayable = true, Timeout timeout = {}) const {
    return Verdict{detail::made<evertoken_verdict>([&](auto out, auto error) {
      return evertoken_client_judge(handle(), sent.handle(), status, headers.data(), headers.size(), body_prefix.data(), body_prefix.size(),
                                    replayable ? 1 : 0, timeout.ms(), out, error);
    })};
  }

  /// Sends a request with the token. Returns every response, whatever its status.
  Response request(const std::string& method, const std::string& url, std::string_view body = {},
                   const std::vector<Header>& headers = {}, Limits limits = {}) const {
    detail::Handle<evertoken_request, evertoken_request_free> request{detail::made<evertoken_request>(
        [&](auto out, auto error) { return evertoken_request_new(method.c_str(), url.c_str(), out, error); })};
    for (const Header& header : headers) {
      detail::checked([&](auto error) { return evertoken_request_add_header(request.get(), header.first.c_str(), header.second.c_str(), error); });
    }
    if (!body.empty()) {
      detail::checked([&](auto error) { return evertoken_request_set_body(request.get(), body.data(), body.size(), error); });
    }
    detail::checked([&](auto error) { return evertoken_request_set_timeout_ms(request.get(), limits.ms(), error); });
    detail::checked([&](auto error) { return evertoken_request_set_connect_timeout_ms(request.get(), limits.connect_ms(), error); });
    detail::checked([&](auto error) { return evertoken_request_set_read_timeout_ms(request.get(), limits.read_ms(), error); });
    return Response{
        detail::made<evertoken_response>([&](auto out, auto error) { return evertoken_client_send(handle(), request.get(), out, error); })};
  }
  /// GET.
  Response get(const std::string& url, Limits limits = {}) const { return request("GET", url, {}, {}, limits); }
  /// POST with a JSON body.
  Response post_json(const std::string& url, std::string_view body, Limits limits = {}) const {
    return request("POST", url, body, {{"content-type", "application/json"}}, limits);
  }

  /// Calls `listener` with every event until the subscription is destroyed, on any thread. It must not throw.
  [[nodiscard]] Subscription on_event(std::function<void(Event)> listener) const {
    auto owned = std::make_shared<std::function<void(Event)>>(std::move(listener));
    auto* subscription = detail::made<evertoken_subscription>([&](auto out, auto error) {
      return evertoken_client_subscribe(
          handle(), [](void* userdata, const evertoken_event* event) { (*static_cast<std::function<void(Event)>*>(userdata))(Event{event}); },
          owned.get(), out, error);
    });
    return Subscription{std::move(owned), subscription};
  }

  /// Counters of the identity.
  evertoken_stats stats() const {
    evertoken_stats stats{};
    detail::checked([&](auto error) { return evertoken_client_stats(handle(), &stats, sizeof stats, error); });
    return stats;
  }
  /// Who logs in where, without secrets: for logs.
  std::string_view identity() const noexcept { return evertoken_client_identity(handle(), nullptr); }
  /// Ends all pauses after failures. Call it once the cause is fixed.
  void reset() const noexcept { evertoken_client_reset(handle()); }
  /// Marks the current token as refused, so that the next call renews it.
  void invalidate() const noexcept { evertoken_client_invalidate(handle()); }
  /// Closes the client; later calls throw with EVERTOKEN_CLOSED.
  void close() const noexcept { evertoken_client_close(handle()); }
};

/// Calls `listener` with every log line of this process of this level or a more severe one, until the subscription is destroyed,
/// on any thread. It must not throw.
[[nodiscard]] inline Subscription on_log(evertoken_log_level level, std::function<void(evertoken_log_level, std::string_view)> listener) {
  using Listener = std::function<void(evertoken_log_level, std::string_view)>;
  auto owned = std::make_shared<Listener>(std::move(listener));
  auto* subscription = detail::made<evertoken_subscription>([&](auto out, auto error) {
    return evertoken_log_subscribe(
        level,
        [](void* userdata, evertoken_log_level seen, const char* line, size_t len) { (*static_cast<Listener*>(userdata))(seen, {line, len}); },
        owned.get(), out, error);
  });
  return Subscription{std::move(owned), subscription};
}

}  // namespace evertoken

#endif
