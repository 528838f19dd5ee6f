#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/iptables/read_source.h"
#include "compiler/base/address.h"
#include "compiler/filter/remark.h"

/// The texts of one family as what exists when their commands have run: tables with chains, whose rules are still text. A rule
/// can only be read when all chains are known.
namespace portpolicy::iptables::text {

/// A rule is the line of its command.
struct RuleLine {
  const Source* source = nullptr;
  Extent where;
  std::uint32_t renames = 0;  ///< so many chains had other names when it was added
};

struct Chain {
  std::string name;
  const Source* source = nullptr;
  Extent where;  ///< of what gave it its policy, or made it
  bool built_in = false;
  bool drops = false;  ///< policy DROP
  std::vector<RuleLine> rules;
};

class Table {
 public:
  explicit Table(std::string_view table) : name(table) {}
  Chain* find(std::string_view chain);
  const Chain* find(std::string_view chain) const { return const_cast<Table*>(this)->find(chain); }
  /// The chain that a rule calls by this name.
  const Chain* find(std::string_view chain, const RuleLine& rule) const;
  Chain& add(std::string_view chain, const Source& source, Extent where);
  void remove(std::string_view chain);
  bool rename(std::string_view from, std::string_view to);

  std::string name;
  const Source* source = nullptr;  ///< that spoke of it last
  Extent where;
  std::vector<Chain> chains;
  std::vector<std::pair<std::string, std::string>> renames;  ///< in their order
  bool changes_marks = false;                                ///< some rule has a target that sets a mark

 private:
  void index();
  std::unordered_map<std::string, std::size_t> index_;
};

struct Tables {
  std::vector<Table> all;
  bool whole = false;  ///< some text was more than the rules of one table
  std::vector<filter::Remark> passed_over;

  Table* find(std::string_view name);
  const Table* find(std::string_view name) const { return const_cast<Tables*>(this)->find(name); }
};

/// Whether the text has rules, sets, or nothing but comments.
enum class TextKind : std::uint8_t { nothing, rules, sets };
TextKind kind_of(const Source& source);
/// Nothing when the text does not tell.
std::optional<Family> family_told(const Source& source);

/// Runs the commands of one text. What cannot be read is told to the source.
void run(const Source& source, Tables& tables);

/// Takes the words of the command away from those of a rule, as the text of a rule has both. Nothing when there is no
/// command that adds a rule.
struct Command {
  char what = 0;           ///< the letter of the short option
  std::vector<Word> with;  ///< what stands behind it: chain, number or name
};
std::optional<Command> take_command(Words& words);

}  // namespace portpolicy::iptables::text
