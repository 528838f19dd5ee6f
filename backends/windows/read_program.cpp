#include "backends/windows/read_program.h"

#include <sha2.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace portpolicy::windows::text {
namespace {

/// Digests of `script/head.ps1` and `script/engine.ps1`, one behind the other. A unit test holds this table to the files.
constexpr std::array<std::string_view, 1> known_programs{
    "0000000000000000000000000000000000000000000000000000000000000000",
};

}  // namespace

std::string digest(std::string_view bytes) {
  SHA2_CTX context;
  SHA256Init(&context);
  SHA256Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> result{};
  SHA256Final(result.data(), &context);
  std::string text;
  for (const std::uint8_t byte : result) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

bool is_known_program(std::string_view head, std::string_view engine) {
  return std::ranges::find(known_programs, digest(std::string(head).append(engine))) != known_programs.end();
}

}  // namespace portpolicy::windows::text
