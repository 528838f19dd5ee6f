#include "backends/windows/read_rule.h"

#include <algorithm>
#include <vector>

#include "backends/windows/read_program.h"
#include "backends/windows/read_values.h"
#include "compiler/base/decimal.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::windows::text {
namespace {

struct Key {
  std::string_view name;
  bool is_list = false;
  bool is_needed = false;
  bool is_hashed = false;  ///< in this order
};
constexpr std::array keys{
    Key{"Name", false, true},
    Key{"DisplayName", false, true},
    Key{"Description", false, true},
    Key{"Direction", false, true, true},
    Key{"Action", false, true, true},
    Key{"Protocol", false, false, true},
    Key{"LocalPort", true, false, true},
    Key{"RemotePort", true, false, true},
    Key{"IcmpType", true, false, true},
    Key{"LocalAddress", true, false, true},
    Key{"RemoteAddress", true, false, true},
};

constexpr std::string_view name_start = "portpolicy-";
constexpr std::size_t hash_digits = 16;
constexpr std::size_t most_values = 1000;
const std::string compile_again = "compile the policy again; rules of a script are not meant to be edited";

const Literal& value_of(const Table& rule, std::string_view key) {
  return rule.find(key)->values.front();
}

/// What a rule's name is made of: all that says which packets it is for, and what becomes of them.
std::string hash_of(const Table& rule) {
  std::string lines;
  for (const Key& key : keys) {
    const Entry* entry = key.is_hashed ? rule.find(key.name) : nullptr;
    if (entry == nullptr) continue;
    lines.append(key.name).append("=");
    for (const Literal& value : entry->values)
      lines.append(&value == &entry->values.front() ? "" : ",").append(value.text);
    lines += "\n";
  }
  return digest(lines).substr(0, hash_digits);
}

bool is_hash(std::string_view text) {
  return text.size() == hash_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// The values of a list together; nothing without the key. False when one of them is none, which was said.
template <class Value, class Set, class Made>
bool read_list(const Source& source, const Table& rule, std::string_view key, Result<Value> (*read)(std::string_view),
               Made (*make)(std::vector<Value>), std::optional<Set>& set) {
  const Entry* entry = rule.find(key);
  if (entry == nullptr) return true;
  if (entry->values.size() > most_values)
    return source.refuse(entry->where,
                         "the list of " + quoted(key) + " has " + std::to_string(entry->values.size()) +
                             " values, and not every Windows takes more than 1000",
                         compile_again);
  std::vector<Value> values;
  bool good = true;
  for (const Literal& literal : entry->values) {
    const Result<Value> value = read(literal.text);
    if (value) values.push_back(*value);
    else good = source.refuse(literal.where, value.error().message, compile_again);
  }
  if (good) set = make(std::move(values));
  return good;
}

IntervalSet<std::uint16_t> set_of(std::vector<Interval<std::uint16_t>> values) {
  return IntervalSet<std::uint16_t>::of(std::move(values));
}

AddressSet addresses_of(std::vector<AddressRange> values) {
  return AddressSet::of(values);
}

}  // namespace

bool ScriptRules::check_keys(const Table& rule) const {
  std::vector<std::string_view> names;
  for (const Key& key : keys) names.push_back(key.name);
  bool good = true;
  for (const Entry& entry : rule.entries) {
    const auto known = std::ranges::find(keys, entry.key, &Key::name);
    if (known == keys.end())
      good = source_.refuse(entry.where, "a rule has no key " + quoted(entry.key), did_you_mean(entry.key, names));
    else if (known->is_list != entry.is_list)
      good = source_.refuse(
          entry.where, quoted(entry.key) + (known->is_list ? " is a list, `@(...)`" : " is one value"), compile_again);
  }
  for (const Key& key : keys)
    if (key.is_needed && rule.find(key.name) == nullptr)
      good = source_.refuse(rule.where, "the rule has no " + quoted(key.name), compile_again);
  return good;
}

bool ScriptRules::check_name(const Table& rule) {
  const auto& [name, where] = value_of(rule, "Name");
  const std::string_view hash = std::string_view(name).substr(std::min(name_start.size(), name.size()));
  if (!name.starts_with(name_start) || !is_hash(hash))
    return source_.refuse(where, quoted(name) + " is not `portpolicy-` and 16 hexadecimal digits", compile_again);
  const auto [first, fresh] = names_.try_emplace(name, where);
  if (!fresh)
    return source_.refuse(where, "two rules have the name " + quoted(name) + ", of which Windows refuses the second",
                          compile_again);
  if (hash != hash_of(rule))
    return source_.refuse(where,
                          "the name " + quoted(name) + " is not of this rule, whose digits are " +
                              quoted(hash_of(rule)) +
                              ": a rule of that name would be taken for one that is there already",
                          compile_again);
  return true;
}

bool ScriptRules::check_texts(const Table& rule) const {
  constexpr std::size_t longest = 9999;
  bool good = true;
  for (const std::string_view key : {"DisplayName", "Description"}) {
    const auto& [text, where] = value_of(rule, key);
    if (text.empty() || text.size() > longest)
      good = source_.refuse(where, quoted(key) + " has 1 to 9999 characters, not " + std::to_string(text.size()),
                            compile_again);
    else if (text.find('|') != std::string::npos)
      good = source_.refuse(where, quoted(key) + " holds a `|`, which Windows refuses", compile_again);
  }
  std::string name = value_of(rule, "DisplayName").text;
  std::ranges::transform(name, name.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (name == "all")
    good = source_.refuse(value_of(rule, "DisplayName").where, "no rule can be called `All`", compile_again);
  return good;
}

bool ScriptRules::check_word(const Table& rule, std::string_view key, std::array<std::string_view, 2> words) const {
  const auto& [text, where] = value_of(rule, key);
  if (std::ranges::find(words, text) != words.end()) return true;
  return source_.refuse(where,
                        quoted(key) + " is " + quoted(words[0]) + " or " + quoted(words[1]) + ", not " + quoted(text),
                        compile_again);
}

bool ScriptRules::read_conditions(const Table& rule, Conditions& conditions) const {
  bool good = true;
  if (const Entry* entry = rule.find("Protocol"); entry != nullptr && entry->values[0].text != "Any") {
    const Result<Protocol> protocol = read_protocol(entry->values[0].text);
    if (protocol) conditions.protocol = *protocol;
    else good = source_.refuse(entry->values[0].where, protocol.error().message, compile_again);
  }
  good &= read_list(source_, rule, "LocalPort", read_ports, set_of, conditions.local_ports);
  good &= read_list(source_, rule, "RemotePort", read_ports, set_of, conditions.remote_ports);
  good &= read_list(source_, rule, "IcmpType", read_icmp_type, set_of, conditions.icmp_types);
  good &= read_list(source_, rule, "LocalAddress", read_addresses, addresses_of, conditions.local_addresses);
  good &= read_list(source_, rule, "RemoteAddress", read_addresses, addresses_of, conditions.remote_addresses);
  return good && check_protocol_has(rule, conditions);
}

bool ScriptRules::check_protocol_has(const Table& rule, const Conditions& conditions) const {
  const auto is_one_of = [&](Protocol one, Protocol other) {
    return conditions.protocol == one || conditions.protocol == other;
  };
  bool good = true;
  for (const std::string_view key : {"LocalPort", "RemotePort"})
    if (const Entry* entry = rule.find(key); entry != nullptr && !is_one_of(protocols::tcp, protocols::udp))
      good = source_.refuse(entry->where, "Windows takes ports with `TCP` and `UDP` alone", compile_again);
  if (const Entry* entry = rule.find("IcmpType"); entry != nullptr && !is_one_of(protocols::icmp, protocols::icmpv6))
    good = source_.refuse(entry->where, "Windows takes ICMP types with `ICMPv4` and `ICMPv6` alone", compile_again);
  return good;
}

void ScriptRules::add(const Table& rule) {
  if (!check_keys(rule)) return;
  Conditions conditions;
  bool good = check_name(rule);
  good &= check_texts(rule);
  good &= check_word(rule, "Action", {"Allow", "Block"});
  good &= read_conditions(rule, conditions);
  if (!check_word(rule, "Direction", {"Inbound", "Outbound"})) return;
  const Literal& side = value_of(rule, "Direction");
  const Direction direction = side.text == "Inbound" ? Direction::inbound : Direction::outbound;
  if (!defaults_[static_cast<std::size_t>(direction)])
    good = source_.refuse(side.where,
                          "the script has a rule for " + quoted(side.text) + ", but no default in `$PolicyDefaults`",
                          compile_again);
  if (!good) return;
  const Literal& name = value_of(rule, "DisplayName");
  const bool allows = value_of(rule, "Action").text == "Allow";
  writer_.add(direction, allows ? Rank::allows : Rank::blocks, allows ? Verdict::allow : Verdict::deny, conditions,
              writer_.origin(name.text, source_.span(name.where)));
}

}  // namespace portpolicy::windows::text
