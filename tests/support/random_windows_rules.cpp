#include "tests/support/random_windows_rules.h"

#include <algorithm>
#include <string_view>

namespace portpolicy::test {
namespace {

constexpr std::array ports_of_packets{21, 22, 23, 79, 80, 81, 90, 91, 65535};
constexpr std::array<std::string_view, 3> profile_words{"Domain", "Private", "Public"};

bool is_in(const std::vector<std::pair<int, int>>& ranges, Port port) {
  return std::ranges::any_of(ranges,
                             [&](auto range) { return range.first <= port.number() && port.number() <= range.second; });
}

bool is_in(const std::vector<AddressRange>& ranges, Address address) {
  return std::ranges::any_of(ranges, [&](const AddressRange& range) {
    return range.family == address.family && range.first <= address.bits && address.bits <= range.last;
  });
}

bool matches(const WindowsRule& rule, const WindowsMeeting& meeting) {
  const Packet& packet = meeting.packet;
  if (rule.inbound != (packet.direction == Direction::inbound)) return false;
  if ((rule.profiles >> meeting.profile & 1u) == 0) return false;
  if (rule.program >= 0 && rule.program != meeting.program) return false;
  if (rule.protocol >= 0 && rule.protocol != packet.protocol.number) return false;
  if (rule.protocol == 1 && packet.family() == Family::ipv6) return false;
  if (rule.protocol == 58 && packet.family() == Family::ipv4) return false;
  const Address local = rule.inbound ? packet.destination : packet.source;
  const Address remote = rule.inbound ? packet.source : packet.destination;
  const Port local_port = rule.inbound ? packet.destination_port : packet.source_port;
  const Port remote_port = rule.inbound ? packet.source_port : packet.destination_port;
  if ((!rule.local_ports.empty() || rule.rpc) && !is_in(rule.local_ports, local_port) && !(rule.rpc && meeting.to_rpc))
    return false;
  if (!rule.icmp.empty() && std::ranges::none_of(rule.icmp, [&](auto one) {
        return one.first == packet.icmp_type && (one.second < 0 || one.second == packet.icmp_code);
      }))
    return false;
  if (!rule.local.empty() && !is_in(rule.local, local)) return false;
  if (rule.local_only) return true;
  if (!rule.remote_ports.empty() && !is_in(rule.remote_ports, remote_port)) return false;
  return (rule.remote.empty() && !rule.subnet) || is_in(rule.remote, remote) || (rule.subnet && meeting.from_subnet);
}

std::string quoted_list(const std::vector<std::string>& words, char quote) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + (quote + word + quote);
  return text;
}

std::vector<std::string> words_of(const std::vector<std::pair<int, int>>& ports) {
  std::vector<std::string> words;
  for (const auto& [first, last] : ports)
    words.push_back(std::to_string(first) + (first == last ? "" : "-" + std::to_string(last)));
  return words;
}

std::vector<std::string> icmp_words(const WindowsRule& rule) {
  std::vector<std::string> words;
  for (const auto& [type, code] : rule.icmp)
    words.push_back(std::to_string(type) + (code < 0 ? "" : ":" + std::to_string(code)));
  return words;
}

std::vector<std::string> words_of(const std::vector<AddressRange>& ranges, bool masks) {
  std::vector<std::string> words;
  for (const AddressRange& range : ranges) {
    const auto prefix = as_prefix(range);
    if (!masks || !prefix || range.family == Family::ipv6 || range.first == range.last)
      words.push_back(to_string(range));
    else
      words.push_back(to_string(Address{range.family, range.first}) + "/" +
                      to_string(Address{range.family, 0xFFFFFFFF ^ (range.last - range.first)}));
  }
  return words;
}

std::string protocol_word(int protocol) {
  switch (protocol) {
    case -1:
      return "Any";
    case 1:
      return "ICMPv4";
    case 6:
      return "TCP";
    case 17:
      return "UDP";
    case 58:
      return "ICMPv6";
    default:
      return std::to_string(protocol);
  }
}

std::string rule_of_export(const WindowsRule& rule, std::size_t number) {
  const auto list = [](std::vector<std::string> words, bool keyword, const char* text) {
    if (keyword) words.insert(words.begin() + static_cast<std::ptrdiff_t>(words.size() / 2), text);
    return "[" + quoted_list(words, '"') + "]";
  };
  std::vector<std::string> profiles;
  for (std::size_t i = 0; i < 3; ++i)
    if ((rule.profiles >> i & 1u) != 0) profiles.emplace_back(profile_words[i]);
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  return "{\"name\": \"{" + std::to_string(number) + "}\", \"display_name\": \"rule " + std::to_string(number) +
         "\", \"group\": \"\", \"store\": \"" + (rule.from_policy ? "GPO" : "Local") +
         "\", \"enabled\": true, \"direction\": \"" + (rule.inbound ? "Inbound" : "Outbound") + "\", \"action\": \"" +
         (rule.allow ? "Allow" : "Block") + "\", \"override_block\": " + flag(rule.overrides) +
         ", \"profiles\": " + list(profiles, false, "") + ", \"protocol\": \"" + protocol_word(rule.protocol) +
         "\", \"local_ports\": " + list(words_of(rule.local_ports), rule.rpc, "RPC") +
         ", \"remote_ports\": " + list(words_of(rule.remote_ports), false, "") +
         ", \"icmp_types\": " + list(icmp_words(rule), false, "") +
         ", \"local_addresses\": " + list(words_of(rule.local, true), false, "") +
         ", \"remote_addresses\": " + list(words_of(rule.remote, true), rule.subnet, "LocalSubnet") +
         ", \"program\": \"" + (rule.program < 0 ? "Any" : "p" + std::to_string(rule.program)) +
         "\", \"package\": \"\", \"service\": \"Any\", \"interfaces\": [\"Any\"], \"interface_types\": [\"Any\"], "
         "\"local_user\": \"Any\", \"remote_user\": \"Any\", \"remote_machine\": \"Any\", \"authentication\": "
         "\"NotRequired\", \"encryption\": \"NotRequired\", \"edge_traversal\": \"Block\", \"dynamic_target\": "
         "\"Any\", "
         "\"keyword_addresses\": [], \"platforms\": [], \"loose_source_mapping\": false, \"local_only_mapping\": " +
         flag(rule.local_only) + ", \"status\": \"OK\"}";
}

}  // namespace

Verdict WindowsMachine::decide(const WindowsMeeting& meeting) const {
  const WindowsProfile& profile = profiles[static_cast<std::size_t>(meeting.profile)];
  const bool inbound = meeting.packet.direction == Direction::inbound;
  if (!profile.enabled) return Verdict::allow;
  if (inbound && !profile.inbound_rules) return Verdict::deny;
  bool overridden = false, blocked = false, allowed = false;
  for (const WindowsRule& rule : rules) {
    if (!profile.local_rules && !rule.from_policy) continue;
    if (!matches(rule, meeting)) continue;
    if (!rule.allow) blocked = true;
    else if (rule.overrides) overridden = true;
    else allowed = true;
  }
  if (overridden) return Verdict::allow;
  if (blocked) return Verdict::deny;
  return allowed || (inbound ? profile.inbound_allow : profile.outbound_allow) ? Verdict::allow : Verdict::deny;
}

std::string WindowsMachine::as_export() const {
  std::string text =
      "{\"format\": \"portpolicy-windows-rules\", \"format_version\": 1, \"store\": \"ActiveStore\",\n\"profiles\": [";
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  const auto action = [](bool allow) { return allow ? "\"Allow\"" : "\"Block\""; };
  for (std::size_t i = 0; i < 3; ++i)
    text += std::string(i == 0 ? "" : ",\n") + "{\"name\": \"" + std::string(profile_words[i]) +
            "\", \"enabled\": " + flag(profiles[i].enabled) +
            ", \"default_inbound\": " + action(profiles[i].inbound_allow) +
            ", \"default_outbound\": " + action(profiles[i].outbound_allow) +
            ", \"allow_inbound_rules\": " + flag(profiles[i].inbound_rules) +
            ", \"allow_local_rules\": " + flag(profiles[i].local_rules) + "}";
  text += "],\n\"rules\": [";
  for (std::size_t i = 0; i < rules.size(); ++i) text += (i == 0 ? "\n" : ",\n") + rule_of_export(rules[i], i);
  return text + "]}\n";
}

std::string WindowsMachine::as_script(std::string (*hash)(std::string_view lines)) const {
  const auto word = [](bool allow) { return std::string(allow ? "Allow" : "Block"); };
  std::string text =
      "# Rules\r\nexit\r\n# portpolicy: begin of the policy\r\n$PolicyDefaults = @{\r\n    Inbound = '" +
      word(profiles[0].inbound_allow) + "'\r\n    Outbound = '" + word(profiles[0].outbound_allow) +
      "'\r\n}\r\n$PolicyLog = @{\r\n    LogAllowed = 'True'\r\n    LogBlocked = 'True'\r\n}\r\n$PolicyRules = @(\r\n";
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const WindowsRule& rule = rules[i];
    std::string hashed, lines;
    const auto value = [&](const std::string& key, const std::string& written) {
      hashed += key + "=" + written + "\n";
      lines += "        " + key + " = '" + written + "'\r\n";
    };
    const auto list = [&](const std::string& key, const std::vector<std::string>& words) {
      if (words.empty()) return;
      hashed += key + "=";
      for (const std::string& one : words) hashed += (&one == &words[0] ? "" : ",") + one;
      hashed += "\n";
      lines += "        " + key + " = @(" + quoted_list(words, '\'') + ")\r\n";
    };
    value("Direction", rule.inbound ? "Inbound" : "Outbound");
    value("Action", word(rule.allow));
    if (rule.protocol >= 0) value("Protocol", protocol_word(rule.protocol));
    list("LocalPort", words_of(rule.local_ports));
    list("RemotePort", words_of(rule.remote_ports));
    list("IcmpType", icmp_words(rule));
    list("LocalAddress", words_of(rule.local, false));
    list("RemoteAddress", words_of(rule.remote, false));
    const std::string name = "portpolicy-" + hash(hashed).substr(0, 16);
    if (text.find(name) != std::string::npos) continue;  // the same rule twice
    text += "    @{\r\n        Name = '" + name + "'\r\n        DisplayName = 'rule " + std::to_string(i) +
            "'\r\n        Description = 'policy.yaml:" + std::to_string(i + 1) + "'\r\n" + lines + "    }\r\n";
  }
  return text + ")\r\n# portpolicy: end of the policy\r\nexit\r\n";
}

std::vector<AddressRange> RandomWindows::addresses() {
  std::vector<AddressRange> ranges;
  for (int left = below(3); left > 0; --left) {
    const Family family = one_in(2) ? Family::ipv4 : Family::ipv6;
    const Uint128 base = family == Family::ipv4 ? Uint128{10} << 24 : Uint128{0xfd} << 120;
    const unsigned first = static_cast<unsigned>(below(16)), size = 1u << below(4);
    if (one_in(2)) ranges.push_back({family, base + (first & ~(size - 1)), base + (first | (size - 1))});
    else ranges.push_back({family, base + first, base + first + static_cast<unsigned>(below(5))});
  }
  return ranges;
}

std::vector<std::pair<int, int>> RandomWindows::ports() {
  constexpr std::array<std::pair<int, int>, 6> some{{{22, 22}, {80, 90}, {1, 79}, {81, 65535}, {80, 80}, {22, 23}}};
  std::vector<std::pair<int, int>> ports;
  for (int left = below(3); left > 0; --left) ports.push_back(some[static_cast<std::size_t>(below(6))]);
  return ports;
}

WindowsRule RandomWindows::rule(bool foreign) {
  WindowsRule rule;
  rule.inbound = !one_in(3);
  rule.allow = !one_in(3);
  constexpr std::array all{-1, 6, 6, 17, 1, 58, 2, 47};
  rule.protocol = all[static_cast<std::size_t>(below(static_cast<int>(all.size())))];
  if (rule.protocol == 6 || rule.protocol == 17) {
    rule.local_ports = ports();
    rule.remote_ports = ports();
  }
  if (rule.protocol == 1 || rule.protocol == 58)
    for (int left = below(3); left > 0; --left) rule.icmp.emplace_back(one_in(2) ? 8 : 3, below(3) - 1);
  rule.local = addresses();
  rule.remote = addresses();
  if (!foreign) return rule;
  rule.overrides = one_in(6);
  rule.from_policy = one_in(4);
  rule.local_only = one_in(8);
  rule.rpc = (rule.protocol == 6 || rule.protocol == 17) && one_in(5);
  rule.subnet = one_in(5);
  if (one_in(2)) rule.profiles = 1 + static_cast<unsigned>(below(7));
  if (one_in(3)) rule.program = below(2);
  return rule;
}

WindowsMachine RandomWindows::machine(bool foreign) {
  WindowsMachine machine;
  const bool inbound_allow = one_in(4), outbound_allow = !one_in(4);
  for (WindowsProfile& profile : machine.profiles) {
    profile.inbound_allow = inbound_allow != (foreign && one_in(5));
    profile.outbound_allow = outbound_allow != (foreign && one_in(5));
    profile.enabled = !foreign || !one_in(8);
    profile.inbound_rules = !foreign || !one_in(8);
    profile.local_rules = !foreign || !one_in(6);
  }
  for (int left = below(9); left > 0; --left) machine.rules.push_back(rule(foreign));
  return machine;
}

WindowsMeeting RandomWindows::meeting() {
  WindowsMeeting meeting;
  Packet& packet = meeting.packet;
  packet.direction = one_in(3) ? Direction::outbound : Direction::inbound;
  const Family family = one_in(2) ? Family::ipv4 : Family::ipv6;
  const Uint128 base = family == Family::ipv4 ? Uint128{10} << 24 : Uint128{0xfd} << 120;
  packet.source = {family, base + static_cast<unsigned>(below(18))};
  packet.destination = {family, base + static_cast<unsigned>(below(18))};
  constexpr std::array<std::uint8_t, 7> all{6, 6, 17, 1, 58, 2, 47};
  packet.protocol = Protocol{all[static_cast<std::size_t>(below(static_cast<int>(all.size())))]};
  const auto port = [&] {
    return Port(static_cast<std::uint16_t>(
        ports_of_packets[static_cast<std::size_t>(below(static_cast<int>(ports_of_packets.size())))]));
  };
  if (has_ports(packet.protocol)) {
    packet.source_port = port();
    packet.destination_port = port();
  }
  if (has_icmp(packet)) {
    packet.icmp_type = one_in(2) ? 8 : 3;
    packet.icmp_code = static_cast<std::uint8_t>(below(3));
  }
  meeting.profile = below(3);
  meeting.program = below(3);
  meeting.from_subnet = one_in(2);
  meeting.to_rpc = has_ports(packet.protocol) && one_in(3);
  return meeting;
}

}  // namespace portpolicy::test
