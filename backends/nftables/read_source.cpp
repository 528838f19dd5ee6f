#include "backends/nftables/read_source.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace portpolicy::nft::text {

Source::Source(std::string_view text, FileId file, Diagnostics& diagnostics)
    : text_(text), file_(file), diagnostics_(diagnostics), line_starts_{0} {
  for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
    line_starts_.push_back(static_cast<std::uint32_t>(at + 1));
}

Extent Source::extent(std::string_view part) const {
  const auto end = static_cast<std::uint32_t>(text_.size());
  if (part.data() < text_.data() || part.data() > text_.data() + text_.size()) return {end, end};
  const auto begin = static_cast<std::uint32_t>(part.data() - text_.data());
  return {begin, static_cast<std::uint32_t>(begin + part.size())};
}

std::uint32_t Source::line(std::uint32_t offset) const {
  return static_cast<std::uint32_t>(std::ranges::upper_bound(line_starts_, offset) - line_starts_.begin());
}

void Source::refuse(Extent where, std::string message, std::string help) const {
  diagnostics_.add(Code::foreign_syntax, span(where), std::move(message), std::move(help));
}

void Definitions::add(std::string_view name, Definition definition) {
  by_name_[name].push_back(definition);
}

void Definitions::end_block(std::uint32_t begin, std::uint32_t end) {
  for (auto& [name, definitions] : by_name_)
    for (Definition& definition : definitions)
      if (definition.from > begin && definition.until > end) definition.until = end;
}

const Definition* Definitions::find(std::string_view name, std::uint32_t at) const {
  const auto known = by_name_.find(name);
  if (known == by_name_.end()) return nullptr;
  for (auto definition = known->second.rbegin(); definition != known->second.rend(); ++definition)
    if (definition->from <= at && at < definition->until) return definition->removed ? nullptr : &*definition;
  return nullptr;
}

}  // namespace portpolicy::nft::text
