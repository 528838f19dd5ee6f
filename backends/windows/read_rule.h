#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "backends/windows/read_data.h"
#include "backends/windows/read_filter.h"

namespace portpolicy::windows::text {

/// Takes the rules of a script, one after another, and holds them to what Windows would make of them.
class ScriptRules {
 public:
  ScriptRules(const Source& source, const std::array<std::optional<Verdict>, 2>& defaults, Writer& writer)
      : source_(source), defaults_(defaults), writer_(writer) {}

  /// What is wrong with the rule is said; its values are all looked at.
  void add(const Table& rule);

 private:
  bool check_keys(const Table& rule) const;
  bool check_name(const Table& rule);
  bool check_texts(const Table& rule) const;
  bool check_word(const Table& rule, std::string_view key, std::array<std::string_view, 2> words) const;
  bool read_conditions(const Table& rule, Conditions& conditions) const;
  bool check_protocol_has(const Table& rule, const Conditions& conditions) const;

  const Source& source_;
  const std::array<std::optional<Verdict>, 2>& defaults_;
  Writer& writer_;
  std::unordered_map<std::string, Extent> names_;  // where they stand
};

}  // namespace portpolicy::windows::text
