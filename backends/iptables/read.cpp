#include "backends/iptables/read.h"

#include <array>
#include <deque>
#include <limits>

#include "backends/iptables/read_translate.h"

namespace portpolicy::iptables {
namespace {

struct Texts {
  std::deque<text::Source> sources;
  text::Sets sets;
  std::array<text::Tables, 2> tables;  ///< by Family
  std::array<bool, 2> read{};
};

bool run(const Input& input, Texts& texts, Diagnostics& diagnostics) {
  if (input.text.size() >= std::numeric_limits<std::uint32_t>::max()) {
    diagnostics.add(Code::foreign_syntax, Span{input.file, 0, 0}, "the text is too large");
    return false;
  }
  const text::Source& source = texts.sources.emplace_back(input.text, input.file, diagnostics);
  switch (text::kind_of(source)) {
    case text::TextKind::nothing:
      return true;  // as `ipset save` prints where there are no sets
    case text::TextKind::sets:
      texts.sets.run(source);
      return true;
    case text::TextKind::rules: {
      const std::string_view head = input.text.substr(0, input.text.find('\n'));
      if (head.starts_with('#') && (head.contains("arptables") || head.contains("ebtables")))
        return source.refuse({0, 0}, "these rules are for packets of other protocols than IPv4 and IPv6");
      const Family family = input.family ? *input.family : text::family_told(source).value_or(Family::ipv4);
      texts.read[static_cast<std::size_t>(family)] = true;
      text::run(source, texts.tables[static_cast<std::size_t>(family)]);
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Reading> read(std::span<const Input> inputs, Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  Texts texts;
  for (const Input& input : inputs) run(input, texts, diagnostics);
  if (!texts.read[0] && !texts.read[1] && diagnostics.errors() == errors)
    diagnostics.add(Code::foreign_syntax, inputs.empty() ? Span{} : Span{inputs[0].file, 0, 0},
                    "there are no rules here");
  text::Writer writer;
  text::Remarks remarks;
  Reading reading;
  for (const text::Tables& tables : texts.tables) text::note_changed_sets(tables, texts.sets);
  for (const Family family : families) {
    const text::Tables& tables = texts.tables[static_cast<std::size_t>(family)];
    if (!texts.read[static_cast<std::size_t>(family)]) continue;
    for (const filter::Remark& remark : tables.passed_over) remarks.passed_over(remark.where, remark.text);
    text::translate(family, tables, texts.sets, texts.read[0] && texts.read[1], writer, remarks);
    // What iptables-save does not list is not there; a listing of another table says nothing of the filter.
    if (tables.whole || tables.find("filter") != nullptr) reading.families |= filter::bit(family);
  }
  if (diagnostics.errors() != errors) return std::nullopt;
  for (auto& [origin, text] : writer.untold)
    remarks.not_understood(writer.filter.origins[origin].where, std::move(text));
  reading.filter = std::move(writer.filter);
  reading.managed = writer.managed;
  reading.not_understood = remarks.not_understood();
  reading.passed_over = remarks.passed_over();
  reading.unused_chains = remarks.unused_chains();
  return reading;
}

}  // namespace portpolicy::iptables
