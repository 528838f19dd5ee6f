#pragma once

namespace portpolicy::test {

/// How many of `all` random trials to make. With sanitizers, which make each ten times as slow, a tenth: all of them run
/// without.
constexpr unsigned trials(unsigned all) {
#ifdef __SANITIZE_ADDRESS__
  return all / 10;
#else
  return all;
#endif
}

}  // namespace portpolicy::test
