#include "backends/windows/read_program.h"

#include <algorithm>
#include <array>

#include "compiler/base/sha256.h"

namespace portpolicy::windows::text {
namespace {

/// Digests of `script/head.ps1` and of all files of `script/engine`, one behind the other. A unit test holds this table to the files.
constexpr std::array<std::string_view, 1> known_programs{
    "6f978abb401b2abacc4cd2fe8f6bce777dfb37ce416a1f4b5731e448330e440d",
};

}  // namespace

std::string digest(std::string_view bytes) {
  Sha256 digest;
  digest.add(bytes);
  return digest.hex();
}

bool is_known_program(std::string_view head, std::string_view engine) {
  return std::ranges::find(known_programs, digest(std::string(head).append(engine))) != known_programs.end();
}

}  // namespace portpolicy::windows::text
