#pragma once

namespace portpolicy::test {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool with_sanitizers = true;
#else
inline constexpr bool with_sanitizers = false;
#endif

/// How many of `all` random trials to make. With sanitizers, which make each ten times as slow, a tenth: all of them run
/// without.
constexpr unsigned trials(unsigned all) {
  return with_sanitizers ? all / 10 : all;
}

}  // namespace portpolicy::test
