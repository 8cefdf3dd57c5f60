/// @file evertoken_limits.hpp
/// Timeouts of the C++ interface. Programs include evertoken.hpp, which includes this.
#ifndef EVERTOKEN_LIMITS_HPP
#define EVERTOKEN_LIMITS_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <evertoken.h>

namespace evertoken {

namespace detail {

/// A duration as C's milliseconds: rounded up, at least one.
template <typename Rep, typename Period>
constexpr std::int64_t limit_ms(std::chrono::duration<Rep, Period> limit) noexcept {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::milliseconds>(limit).count());
}

}  // namespace detail

/// How long a call may take: the client's own timeout, a duration, or no limit.
class Timeout {
 public:
  /// The client's own timeout.
  constexpr Timeout() noexcept = default;
  /// This long, rounded up to milliseconds, at least one. Implicit, so that a duration can be passed as it is.
  template <typename Rep, typename Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> limit) noexcept : ms_{detail::limit_ms(limit)} {}
  /// No limit.
  static constexpr Timeout none() noexcept {
    Timeout timeout;
    timeout.ms_ = EVERTOKEN_NO_TIMEOUT;
    return timeout;
  }
  /// The value for the C interface.
  constexpr std::int64_t ms() const noexcept { return ms_; }

 private:
  std::int64_t ms_ = EVERTOKEN_DEFAULT_TIMEOUT;
};

/// How long a request may take, as a whole and in its parts. A duration or a Timeout limits the whole:
///
///     client.get("/accounts/123", std::chrono::seconds{5});
///     client.get("/accounts/123", evertoken::Limits{}.connect(std::chrono::seconds{1}).read(std::chrono::seconds{2}));
class Limits {
 public:
  /// The client's own timeouts, and no limit for the server's silence.
  constexpr Limits() noexcept = default;
  /// A limit for the whole request, including a login and the body.
  constexpr Limits(Timeout whole) noexcept : whole_{whole} {}
  /// The same.
  template <typename Rep, typename Period>
  constexpr Limits(std::chrono::duration<Rep, Period> whole) noexcept : whole_{whole} {}
  /// How long it may take to establish a connection, rounded as a Timeout; by default the client's.
  template <typename Rep, typename Period>
  [[nodiscard]] constexpr Limits connect(std::chrono::duration<Rep, Period> limit) const noexcept {
    Limits changed = *this;
    changed.connect_ms_ = detail::limit_ms(limit);
    return changed;
  }
  /// How long the server may be silent, see evertoken_request_set_read_timeout_ms(); rounded as a Timeout.
  template <typename Rep, typename Period>
  [[nodiscard]] constexpr Limits read(std::chrono::duration<Rep, Period> limit) const noexcept {
    Limits changed = *this;
    changed.read_ms_ = detail::limit_ms(limit);
    return changed;
  }
  /// The limit for the whole, for the C interface.
  constexpr std::int64_t ms() const noexcept { return whole_.ms(); }
  /// The limit for the connection, for the C interface.
  constexpr std::int64_t connect_ms() const noexcept { return connect_ms_; }
  /// The limit for the server's silence, for the C interface.
  constexpr std::int64_t read_ms() const noexcept { return read_ms_; }

 private:
  Timeout whole_;
  std::int64_t connect_ms_ = 0, read_ms_ = 0;
};

}  // namespace evertoken

#endif
