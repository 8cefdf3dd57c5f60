/// @file evertoken_limits.hpp
/// How long a call of the C++ interface may take. Included by evertoken.hpp, which is what programs include.
#ifndef EVERTOKEN_LIMITS_HPP
#define EVERTOKEN_LIMITS_HPP

#include <algorithm>
#include <chrono>
#include <cstdint>

#include <evertoken.h>

namespace evertoken {

namespace detail {

/// A limit in C's milliseconds: rounded up, at least one.
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
  /// This long, rounded up to milliseconds, at least one. Implicit, so that a duration reads as what it is.
  template <typename Rep, typename Period>
  constexpr Timeout(std::chrono::duration<Rep, Period> limit) noexcept : ms_{detail::limit_ms(limit)} {}
  /// For as long as it takes.
  static constexpr Timeout none() noexcept {
    Timeout timeout;
    timeout.ms_ = EVERTOKEN_NO_TIMEOUT;
    return timeout;
  }
  /// As C wants it.
  constexpr std::int64_t ms() const noexcept { return ms_; }

 private:
  std::int64_t ms_ = EVERTOKEN_DEFAULT_TIMEOUT;
};

/// How long a request may take, in whole and in parts. A duration or a Timeout is one for the whole:
///
///     client.get("/accounts/123", std::chrono::seconds{5});
///     client.get("/accounts/123", evertoken::Limits{}.connect(std::chrono::seconds{1}).read(std::chrono::seconds{2}));
class Limits {
 public:
  /// The client's own timeouts, and any silence.
  constexpr Limits() noexcept = default;
  /// For the whole request, the token and the body included.
  constexpr Limits(Timeout whole) noexcept : whole_{whole} {}
  /// The same.
  template <typename Rep, typename Period>
  constexpr Limits(std::chrono::duration<Rep, Period> whole) noexcept : whole_{whole} {}
  /// How long it may take to establish a connection, rounded as a Timeout; the client's without it.
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
  /// As C wants the one for the whole.
  constexpr std::int64_t ms() const noexcept { return whole_.ms(); }
  /// As C wants the one for the connection.
  constexpr std::int64_t connect_ms() const noexcept { return connect_ms_; }
  /// As C wants the one for silence.
  constexpr std::int64_t read_ms() const noexcept { return read_ms_; }

 private:
  Timeout whole_;
  std::int64_t connect_ms_ = 0, read_ms_ = 0;
};

}  // namespace evertoken

#endif
