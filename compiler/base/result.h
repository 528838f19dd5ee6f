#pragma once

#include <expected>
#include <string>
#include <utility>

namespace portpolicy {

/// What went wrong, in words that can stand in a message after "because".
struct Error {
  std::string message;
};

/// A value, or the reason why there is none. For small parses and the operating system; what is wrong in a
/// policy goes to `Diagnostics` instead.
template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(std::string message) {
  return std::unexpected(Error{std::move(message)});
}

}  // namespace portpolicy
