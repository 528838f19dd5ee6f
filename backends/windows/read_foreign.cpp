#include "backends/windows/read_foreign.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "backends/windows/read_foreign_values.h"
#include "backends/windows/read_members.h"
#include "compiler/base/words.h"

namespace portpolicy::windows::text {
namespace {

/// Members that are read, and those that change nothing whatever they say.
constexpr auto known_members = std::to_array<std::string_view>({"name",
                                                                "display_name",
                                                                "group",
                                                                "store",
                                                                "enabled",
                                                                "direction",
                                                                "action",
                                                                "override_block",
                                                                "profiles",
                                                                "protocol",
                                                                "local_ports",
                                                                "remote_ports",
                                                                "icmp_types",
                                                                "local_addresses",
                                                                "remote_addresses",
                                                                "program",
                                                                "package",
                                                                "service",
                                                                "interfaces",
                                                                "interface_types",
                                                                "local_user",
                                                                "remote_user",
                                                                "remote_machine",
                                                                "authentication",
                                                                "encryption",
                                                                "edge_traversal",
                                                                "dynamic_target",
                                                                "keyword_addresses",
                                                                "platforms",
                                                                "loose_source_mapping",
                                                                "local_only_mapping",
                                                                "status",
                                                                "description",
                                                                "display_group"});

/// A condition that Windows knows and the model of packets does not: its member, its name, and the text that asks nothing.
struct Unmodelled {
  std::string_view member, name, anything;
};
constexpr std::array unmodelled_texts{
    Unmodelled{"program", "Program", "Any"},
    Unmodelled{"package", "Package", "Any"},
    Unmodelled{"service", "Service", "Any"},
    Unmodelled{"local_user", "LocalUser", "Any"},
    Unmodelled{"remote_user", "RemoteUser", "Any"},
    Unmodelled{"remote_machine", "RemoteMachine", "Any"},
    Unmodelled{"authentication", "Authentication", "NotRequired"},
    Unmodelled{"encryption", "Encryption", "NotRequired"},
    Unmodelled{"dynamic_target", "DynamicTarget", "Any"},
};
constexpr std::array unmodelled_lists{
    Unmodelled{"interfaces", "InterfaceAlias", "Any"},
    Unmodelled{"interface_types", "InterfaceType", "Any"},
    Unmodelled{"platforms", "Platform", "Any"},
};

bool is_anything(const Json& list) {
  return list.inside.empty() || (list.inside.size() == 1 && list.inside[0].text == "Any");
}

/// Each once, in an order that is not that of the list, so that lists that ask the same read the same.
std::string listed(std::string_view name, std::vector<std::string> words) {
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  return std::string(name) + " " + joined(words, "or");
}
std::string listed(std::string_view name, const Json& list) {
  std::vector<std::string> words;
  for (const Json& element : list.inside) words.push_back(element.text);
  return listed(name, std::move(words));
}

IntervalSet<std::uint16_t> set_of(std::vector<Interval<std::uint16_t>> values) {
  return IntervalSet<std::uint16_t>::of(std::move(values));
}
AddressSet set_of(std::vector<AddressRange> values) {
  return AddressSet::of(values);
}

/// One rule on its way into the filter.
class ForeignRule {
 public:
  ForeignRule(const Source& source, const Json& rule, std::size_t number, Writer& writer)
      : source_(source),
        rule_(rule),
        fixed_(" (rule " + std::to_string(number) + ")"),
        members_(source, rule, "a rule"),
        writer_(writer) {}

  void add(Profiles without_local);

 private:
  Profiles read_profiles(Profiles without_local);
  void read_packets();
  void read_remote_addresses(const Json& addresses, const Json& keywords);
  void read_unmodelled();
  void read_what_is_no_condition();

  void note(Extent where, std::string remark) { remarks_.emplace_back(where, std::move(remark)); }
  /// A condition that is not understood. It is true of the same packets wherever it stands.
  void ask(Extent where, std::string condition) {
    for (Conditions& branch : branches_) branch.opaque.emplace_back(condition, false);
    note(where, std::move(condition));
  }
  /// One that may mean something else in another rule.
  void ask_here(Extent where, std::string condition) {
    for (Conditions& branch : branches_) branch.opaque.emplace_back(condition + fixed_, false);
    note(where, std::move(condition));
  }
  void ask_whole(std::string_view name, const Json& list) {
    if (!is_anything(list)) ask(list.inside[0].where, listed(name, list));
  }
  /// Those values of a list that are not understood become branches of their own.
  template <class Value, class Set>
  void ask_list(std::string_view name, const Json& list, std::optional<Value> (*read)(std::string_view),
                std::optional<Set> Conditions::*member);

  const Source& source_;
  const Json& rule_;
  std::string fixed_;
  Members members_;
  Writer& writer_;
  std::vector<Conditions> branches_{1};  ///< any of these
  std::vector<std::pair<Extent, std::string>> remarks_;
};

template <class Value, class Set>
void ForeignRule::ask_list(std::string_view name, const Json& list, std::optional<Value> (*read)(std::string_view),
                           std::optional<Set> Conditions::*member) {
  if (is_anything(list)) return;
  std::vector<Value> known;
  std::vector<std::string> words;
  Extent where;
  for (const Json& element : list.inside) {
    if (const std::optional<Value> value = read(element.text)) {
      known.push_back(*value);
      continue;
    }
    if (words.empty()) where = element.where;
    words.push_back(element.text);
  }
  std::vector<Conditions> unknown = words.empty() ? std::vector<Conditions>() : branches_;
  if (known.empty()) branches_.clear();
  const Set set = set_of(std::move(known));
  for (Conditions& branch : branches_) branch.*member = set;
  if (words.empty()) return;
  const std::string condition = listed(name, std::move(words));
  note(where, condition);
  for (Conditions& branch : unknown) {
    branch.opaque.emplace_back(condition, false);
    branches_.push_back(std::move(branch));
  }
}

Profiles ForeignRule::read_profiles(Profiles without_local) {
  const Json& list = members_.texts("profiles");
  Profiles profiles = is_anything(list) ? all_profiles : 0;
  bool understood = true;
  for (const Json& element : list.inside) {
    const auto known = std::ranges::find(profile_names, element.text);
    if (known != profile_names.end()) profiles |= profile_bit(static_cast<std::size_t>(known - profile_names.begin()));
    else understood = profiles == all_profiles;
  }
  if (!understood) {
    ask_whole("Profile", list);
    profiles = all_profiles;
  }
  if (members_.text("store").text == "Local") profiles &= static_cast<Profiles>(~without_local);
  if (profiles == all_profiles || profiles == 0) return profiles;
  note(list.where, to_string(profiles));
  const std::vector<Conditions> before = std::exchange(branches_, in_profiles(profiles));
  for (Conditions& branch : branches_)
    branch.opaque.insert(branch.opaque.end(), before[0].opaque.begin(), before[0].opaque.end());
  return profiles;
}

/// Protocol, ports and addresses, which a model of packets has, where they are values and not keywords.
void ForeignRule::read_packets() {
  const Json& protocol = members_.text("protocol");
  std::optional<Protocol> known = foreign_protocol(protocol.text);
  if (!known && !protocol.text.empty() && protocol.text != "Any") ask(protocol.where, "Protocol " + protocol.text);
  for (Conditions& branch : branches_) branch.protocol = known;
  const bool has_ports = known == protocols::tcp || known == protocols::udp;
  const bool has_types = known == protocols::icmp || known == protocols::icmpv6;
  const auto ask_ports = [&](std::string_view name, const Json& list, std::optional<PortSet> Conditions::*member) {
    if (has_ports) ask_list(name, list, foreign_ports, member);
    else ask_whole(name, list);
  };
  const Json &local_ports = members_.texts("local_ports"), &remote_ports = members_.texts("remote_ports");
  const Json &types = members_.texts("icmp_types"), &local = members_.texts("local_addresses");
  const Json &remote = members_.texts("remote_addresses"), &keywords = members_.texts("keyword_addresses");
  ask_ports("LocalPort", local_ports, &Conditions::local_ports);
  if (has_types) ask_list("IcmpType", types, foreign_icmp_type, &Conditions::icmp_types);
  else ask_whole("IcmpType", types);
  ask_list("LocalAddress", local, foreign_addresses, &Conditions::local_addresses);
  // With this Windows does not look at the other end.
  if (members_.flag("local_only_mapping")) return note(rule_.find("local_only_mapping")->where, "LocalOnlyMapping");
  ask_ports("RemotePort", remote_ports, &Conditions::remote_ports);
  read_remote_addresses(remote, keywords);
}

/// Nobody says how addresses and keywords for dynamic addresses go together.
void ForeignRule::read_remote_addresses(const Json& addresses, const Json& keywords) {
  if (is_anything(keywords))
    return ask_list("RemoteAddress", addresses, foreign_addresses, &Conditions::remote_addresses);
  const std::string condition = listed("RemoteDynamicKeywordAddresses", keywords);
  ask(keywords.inside[0].where,
      is_anything(addresses) ? condition : condition + " with " + listed("RemoteAddress", addresses));
}

void ForeignRule::read_unmodelled() {
  for (const auto& [member, name, anything] : unmodelled_texts) {
    const Json& value = members_.text(member);
    if (!value.text.empty() && value.text != anything) ask(value.where, std::string(name) + " " + value.text);
  }
  for (const auto& [member, name, anything] : unmodelled_lists) ask_whole(name, members_.texts(member));
  // Of a rule that Windows took with changes it does not say what they are.
  const Json& status = members_.text("status");
  if (!status.text.empty() && status.text != "OK") ask_here(status.where, "Status " + status.text);
  for (const Json& member : rule_.inside)
    if (std::ranges::find(known_members, member.key) == known_members.end())
      ask_here(member.where, "the member " + member.key);
}

/// What lets more pass than the packets that the rule is asked about.
void ForeignRule::read_what_is_no_condition() {
  const Json& edge = members_.text("edge_traversal");
  const bool allows = rule_.find("action")->text == "Allow", inbound = rule_.find("direction")->text == "Inbound";
  if (allows && inbound && !edge.text.empty() && edge.text != "Block")
    note(edge.where, "EdgeTraversalPolicy " + edge.text);
  if (members_.flag("loose_source_mapping") && allows)
    note(rule_.find("loose_source_mapping")->where, "LooseSourceMapping");
}

void ForeignRule::add(Profiles without_local) {
  const Json &name = members_.text("name"), &display_name = members_.text("display_name");
  const bool inbound = members_.word("direction", {"Inbound", "Outbound"}) == 0;
  const bool allows = members_.word("action", {"Allow", "Block"}) == 0;
  const bool overrides = members_.flag("override_block");
  const Profiles profiles = read_profiles(without_local);
  read_packets();
  read_unmodelled();
  if (!members_.good()) return;
  read_what_is_no_condition();
  if (!members_.good() || profiles == 0) return;
  const Json& shown = display_name.text.empty() ? name : display_name;
  const std::uint32_t origin = writer_.origin(shown.text, source_.span(shown.where));
  for (auto& [where, remark] : remarks_) writer_.not_understood(source_.span(where), std::move(remark));
  for (const Conditions& branch : branches_)
    writer_.add(inbound ? Direction::inbound : Direction::outbound,
                !allows     ? Rank::blocks
                : overrides ? Rank::overrides
                            : Rank::allows,
                allows ? Verdict::allow : Verdict::deny, branch, origin);
}

}  // namespace

std::string to_string(Profiles profiles) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < profile_names.size(); ++i)
    if ((profiles & profile_bit(i)) != 0) names.push_back(profile_names[i]);
  return "Profile " + joined(names, "or");
}

std::vector<Conditions> in_profiles(Profiles profiles) {
  if (profiles == all_profiles) return {Conditions()};
  // Domain; not Domain, but Private; neither of them.
  const std::string domain = to_string(profile_bit(0)), private_ = to_string(profile_bit(1));
  const auto asked = [](std::vector<std::pair<std::string, bool>> opaque) {
    Conditions conditions;
    conditions.opaque = std::move(opaque);
    return conditions;
  };
  std::vector<Conditions> ways;
  if ((profiles & 0b001) != 0) ways.push_back(asked({{domain, false}}));
  if ((profiles & 0b110) == 0b110) ways.push_back(asked({{domain, true}}));
  else if ((profiles & 0b010) != 0) ways.push_back(asked({{domain, true}, {private_, false}}));
  else if ((profiles & 0b100) != 0) ways.push_back(asked({{domain, true}, {private_, true}}));
  return ways;
}

void add_foreign_rule(const Source& source, const Json& rule, std::size_t number, Profiles without_local,
                      Writer& writer) {
  ForeignRule(source, rule, number, writer).add(without_local);
}

}  // namespace portpolicy::windows::text
