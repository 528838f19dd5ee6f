#include "backends/windows/read_program.h"

#include <algorithm>
#include <array>

#include "compiler/base/sha256.h"

namespace portpolicy::windows::text {
namespace {

/// Digests of `script/head.ps1` and `script/engine.ps1`, one behind the other. A unit test holds this table to the files.
constexpr std::array<std::string_view, 1> known_programs{
    "97e48819285abbdad730f9cffc1f7879f5f7797ae989a66571f5a6b2556a0439",
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
