#pragma once

#include <array>
#include <streambuf>

namespace portpolicy::cli {

/// Writes to a file descriptor and remembers why that failed, which `std::ostream` does not tell.
class OutputBuffer : public std::streambuf {
 public:
  explicit OutputBuffer(int descriptor) : descriptor_(descriptor) {
    setp(bytes_.data(), bytes_.data() + bytes_.size());
  }
  /// The first `errno` of a failed write; 0 if there was none.
  int error() const { return error_; }

 protected:
  int_type overflow(int_type character) override;
  int sync() override;

 private:
  int descriptor_;
  int error_ = 0;
  std::array<char, 1 << 16> bytes_{};
};

}  // namespace portpolicy::cli
