#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace portpolicy {

/// The SHA-256 digest (FIPS 180-4) of bytes that are added one after the other.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  /// The 64 hexadecimal digits, in lower case. Nothing may be added after it.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace portpolicy
