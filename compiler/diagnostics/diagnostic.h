#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "compiler/base/packet.h"
#include "compiler/diagnostics/code.h"
#include "compiler/diagnostics/source_map.h"

namespace portpolicy {

struct Label {
  Span where;
  std::string text;
};

/// One finding: what was seen, where, and what to do about it.
struct Diagnostic {
  Code code;
  Severity severity;
  std::string message;           ///< lower case, no full stop, names in backticks
  Label primary;                 ///< its text stands behind the carets; may be empty
  std::vector<Label> related{};  ///< second places
  std::string help{};            ///< the likely correction; may be empty
  std::optional<Packet> witness{};
};

/// So many findings of each severity are listed. A policy with more has one mistake many times over, and nobody reads
/// them all.
inline constexpr std::size_t most_findings = 1000;

/// Collects the findings of all passes.
class Diagnostics {
 public:
  void add(Diagnostic diagnostic);
  /// With the severity that the table of codes gives.
  void add(Code code, Span where, std::string message, std::string help = {}, std::vector<Label> related = {});

  bool has_errors() const { return errors_ != 0; }
  /// More errors than are listed: who finds them one by one may stop.
  bool too_many_errors() const { return errors_ > most_findings; }
  std::size_t errors() const { return errors_; }
  std::size_t count(Severity severity) const;
  const std::vector<Diagnostic>& all() const { return all_; }
  /// In order of file, position and code; of findings that are alike in code, place and message only the first. When
  /// there were more than are listed, the last one says how many.
  std::vector<Diagnostic> sorted() const;

  /// Takes out the findings of which `unwanted` is true.
  template <class Predicate>
  void take_out(Predicate unwanted) {
    std::erase_if(all_, [&](const Diagnostic& finding) {
      const bool out = unwanted(finding);
      if (out && finding.severity == Severity::error) --errors_;
      return out;
    });
  }

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t not_kept_ = 0;
};

}  // namespace portpolicy
