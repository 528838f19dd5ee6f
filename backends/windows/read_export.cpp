#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "backends/windows/read.h"
#include "backends/windows/read_foreign.h"
#include "backends/windows/read_json.h"
#include "backends/windows/read_members.h"
#include "compiler/base/decimal.h"

namespace portpolicy::windows {
namespace {

using text::Conditions;
using text::Json;
using text::Members;
using text::Profiles;
using text::Rank;
using text::Source;

constexpr std::size_t most_rules = 50'000;
constexpr std::array sides{Direction::inbound, Direction::outbound};

/// What the three profiles say of all packets, by bits.
struct Switches {
  Profiles seen = 0, off = 0, shields_up = 0, without_local = 0;
  std::array<Profiles, 2> allow_by_default{};  // by Direction
  std::array<text::Extent, 3> where{};         // of their names
};

/// The machine: profiles, and rules.
class Export {
 public:
  Export(const Source& source, text::Writer& writer) : source_(source), writer_(writer) {}

  void read(const Json& root);
  /// Of packets that no rule is for.
  std::array<std::optional<Verdict>, 2> defaults() const { return defaults_; }

 private:
  bool is_export(const Json& root);
  bool read_profile(const Json& profile);
  void check_members(const Json& object, const std::vector<std::string_view>& known);
  void use_switches();
  void add_for(Profiles profiles, std::string_view what, Direction direction, Rank rank, Verdict verdict);

  const Source& source_;
  text::Writer& writer_;
  Switches switches_;
  std::array<std::optional<Verdict>, 2> defaults_;
};

bool Export::is_export(const Json& root) {
  const Json *format = root.find("format"), *version = root.find("format_version");
  if (format == nullptr || format->text != "portpolicy-windows-rules")
    return source_.refuse({0, 0}, "this is no export of rules: `format` is not `portpolicy-windows-rules`",
                          "export the rules with `Export-Rules.ps1`");
  if (version != nullptr && source_.text(version->where) == "1") return true;
  return source_.refuse(version == nullptr ? format->where : version->where,
                        "`format_version` is not 1, the version that is read here",
                        "export the rules with the `Export-Rules.ps1` of this version");
}

/// What is not known may change anything.
void Export::check_members(const Json& object, const std::vector<std::string_view>& known) {
  for (const Json& member : object.inside) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    const std::string text = "the member " + member.key;
    const std::uint32_t origin = writer_.origin(member.key, source_.span(member.where));
    writer_.not_understood(source_.span(member.where), text);
    for (const Direction direction : sides)
      for (const Verdict verdict : {Verdict::allow, Verdict::deny}) {
        Conditions conditions;
        conditions.opaque = {
            {text + " at " + std::to_string(member.where.begin) + " to " + std::string(to_string(verdict)), false}};
        writer_.add(direction, Rank::switches, verdict, conditions, origin);
      }
  }
}

bool Export::read_profile(const Json& profile) {
  Members members(source_, profile, "a profile");
  const Json& name = members.text("name");
  const std::size_t index = members.word("name", {text::profile_names.begin(), text::profile_names.end()});
  const Profiles bit = text::profile_bit(index);
  const auto note = [&](bool set, Profiles& profiles) { profiles = static_cast<Profiles>(profiles | (set ? bit : 0)); };
  note(!members.flag("enabled"), switches_.off);
  note(!members.flag("allow_inbound_rules"), switches_.shields_up);
  note(!members.flag("allow_local_rules"), switches_.without_local);
  note(members.word("default_inbound", {"Block", "Allow"}) == 1, switches_.allow_by_default[0]);
  note(members.word("default_outbound", {"Block", "Allow"}) == 1, switches_.allow_by_default[1]);
  check_members(profile,
                {"name", "enabled", "default_inbound", "default_outbound", "allow_inbound_rules", "allow_local_rules"});
  if (!members.good()) return false;
  if ((switches_.seen & bit) != 0)
    return source_.refuse(name.where, "the profile " + quoted(name.text) + " stands twice", "export the rules again");
  switches_.seen |= bit;
  switches_.where[index] = name.where;
  return true;
}

void Export::add_for(Profiles profiles, std::string_view what, Direction direction, Rank rank, Verdict verdict) {
  if (profiles == 0) return;
  std::size_t first = 0;
  while ((profiles & text::profile_bit(first)) == 0) ++first;
  const Span where = source_.span(switches_.where[first]);
  const std::string name = text::to_string(profiles);
  const std::uint32_t origin = writer_.origin(name + std::string(what), where);
  if (profiles != text::all_profiles) writer_.not_understood(where, name);
  for (const Conditions& conditions : text::in_profiles(profiles))
    writer_.add(direction, rank, verdict, conditions, origin);
}

void Export::use_switches() {
  const Profiles shields_up = static_cast<Profiles>(switches_.shields_up & ~switches_.off);
  add_for(shields_up, ": no inbound rules", Direction::inbound, Rank::switches, Verdict::deny);
  for (const Direction direction : sides) {
    const auto index = static_cast<std::size_t>(direction);
    add_for(switches_.off, ": off", direction, Rank::switches, Verdict::allow);
    // The default of the last profile is that of the chain, where another one has a rule. Its last word says that it is none
    // of the text.
    const Profiles allow = switches_.allow_by_default[index];
    const bool allows = (allow & text::profile_bit(2)) != 0;
    defaults_[index] = allows ? Verdict::allow : Verdict::deny;
    add_for(allows ? static_cast<Profiles>(text::all_profiles & ~allow) : allow, " policy", direction, Rank::defaults,
            allows ? Verdict::deny : Verdict::allow);
  }
}

void Export::read(const Json& root) {
  if (!is_export(root)) return;
  Members members(source_, root, "an export");
  members.text("store");
  const Json &profiles = members.list("profiles"), &rules = members.list("rules");
  check_members(root, {"format", "format_version", "store", "profiles", "rules"});
  bool good = members.good();
  for (const Json& profile : profiles.inside) good &= read_profile(profile);
  if (!good) return;
  if (switches_.seen != text::all_profiles) {
    source_.refuse(profiles.where, "not all of the profiles `Domain`, `Private` and `Public` are here",
                   "export the rules again");
    return;
  }
  if (rules.inside.size() > most_rules) {
    source_.refuse(rules.where, "there are more than 50,000 rules", "export those that are enabled alone");
    return;
  }
  use_switches();
  for (std::size_t i = 0; i < rules.inside.size() && !source_.is_hopeless(); ++i) {
    const Json& rule = rules.inside[i];
    if (Members(source_, rule, "a rule").flag("enabled"))
      text::add_foreign_rule(source_, rule, i + 1, switches_.without_local, writer_);
  }
}

}  // namespace

std::optional<Reading> read_export(std::string_view text, FileId file, Diagnostics& diagnostics) {
  const Source source(text, file, diagnostics);
  const std::size_t errors = diagnostics.errors();
  if (text.size() > text::largest_text) {
    source.refuse({0, 0}, "the export is larger than 64 MiB", "export those rules that are enabled alone");
    return std::nullopt;
  }
  const std::optional<Json> root = text::read_json(source);
  if (!root) return std::nullopt;
  text::Writer writer;
  Export machine(source, writer);
  machine.read(*root);
  if (diagnostics.errors() != errors) return std::nullopt;
  Reading reading;
  reading.filter = writer.finish(machine.defaults());
  reading.managed = {true, true, false};
  reading.not_understood = writer.remarks();
  return reading;
}

}  // namespace portpolicy::windows
