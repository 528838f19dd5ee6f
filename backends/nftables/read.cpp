#include "backends/nftables/read.h"

#include <limits>

#include "backends/nftables/read_translate.h"

namespace portpolicy::nft {

std::optional<Reading> read(std::string_view script, FileId file, Diagnostics& diagnostics) {
  if (script.size() >= std::numeric_limits<std::uint32_t>::max()) {
    diagnostics.add(Code::foreign_syntax, Span{file, 0, 0}, "the script is too large");
    return std::nullopt;
  }
  const std::size_t errors = diagnostics.errors();
  const text::Source source(script, file, diagnostics);
  text::Definitions definitions;
  const text::Script commands = text::run(source, definitions);
  std::optional<Reading> reading = text::translate(source, definitions, commands);
  if (diagnostics.errors() != errors) return std::nullopt;
  return reading;
}

}  // namespace portpolicy::nft
