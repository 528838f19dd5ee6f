#include "tests/support/random_iptables.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace portpolicy::test {
namespace {

constexpr std::size_t chain_count = 7;
const std::array<std::string, chain_count> chain_names{"INPUT", "OUTPUT", "FORWARD", "a", "b-c", "D_d", "e"};

}  // namespace

std::optional<Verdict> walk(const NaiveTable& table, std::size_t chain, const Meeting& meeting) {
  for (const NaiveRule& rule : table.chains[chain]) {
    if (!std::ranges::all_of(rule.all_of, [&](const Predicate& holds) { return holds(meeting); })) continue;
    switch (rule.act) {
      case Act::accept:
        return Verdict::allow;
      case Act::drop:
        return Verdict::deny;
      case Act::reject:
        return Verdict::reject;
      case Act::jump:
        if (const auto verdict = walk(table, rule.chain, meeting)) return verdict;
        break;
      case Act::go_to:
        return walk(table, rule.chain, meeting);
      case Act::go_back:
        return std::nullopt;
      case Act::go_on:
        break;
    }
  }
  return std::nullopt;
}

Uint128 RandomRules::address() {
  constexpr std::array<std::uint32_t, 8> low{0, 1, 2, 0xff, 0x100, 0x1ff, 0xffff, 0x10000};
  const Uint128 base = v4() ? Uint128{10} << 24 : Uint128{0xfd} << 120;
  return base + low[below(low.size())];
}

Condition RandomRules::negatable(const std::string& option, const std::string& value, Predicate holds) {
  if (!one_in(3)) return {option + " " + value, std::move(holds)};
  const Predicate other = [holds = std::move(holds)](const Meeting& meeting) { return !holds(meeting); };
  const bool as_once = !for_kernel_ && one_in(2);
  return {as_once ? option + " ! " + value : "! " + option + " " + value, other};
}

Condition RandomRules::protocol(std::optional<std::uint8_t>& positive) {
  constexpr std::array<std::uint8_t, 10> numbers{6, 17, 6, 17, 1, 58, 2, 50, 132, 33};
  constexpr std::array<std::string_view, 10> names{"tcp",    "udp",  "TCP", "17",   "icmp",
                                                   "icmpv6", "igmp", "esp", "sctp", "dccp"};
  const std::size_t which = below(numbers.size());
  const std::uint8_t number = numbers[which];
  const Condition result =
      negatable(one_in(2) ? "-p" : "--protocol", std::string(names[which]),
                [number](const Meeting& meeting) { return meeting.packet.protocol.number == number; });
  if (!result.text.contains('!')) positive = number;
  return result;
}

Condition RandomRules::addresses() {
  const bool source = one_in(2);
  std::vector<Range> ranges;
  std::string text;
  const bool list = one_in(3);
  for (std::size_t i = 0; i < (list ? 2u : 1u); ++i) {
    const Uint128 base = address();
    const int bits = static_cast<int>(below(18)), length = address_bits(family_) - bits;
    const Uint128 low = (Uint128{1} << bits) - 1;
    ranges.push_back({base & ~low, base | low});
    text += (i > 0 ? "," : "") + address_text(base) + (bits > 0 || one_in(2) ? "/" + std::to_string(length) : "");
  }
  const Predicate holds = [source, ranges](const Meeting& meeting) {
    const Uint128 bits = (source ? meeting.packet.source : meeting.packet.destination).bits;
    return std::ranges::any_of(ranges, [&](const Range& r) { return r.first <= bits && bits <= r.last; });
  };
  const std::string option = source ? "-s" : "--destination";
  return list ? Condition{option + " " + text, holds} : negatable(option, text, holds);
}

Condition RandomRules::interface(std::size_t chain) {
  // iptables refuses the other one where the kernel's own chains can never have it.
  const bool in = for_kernel_ && chain < 2 ? chain == 0 : one_in(2);
  constexpr std::array<std::string_view, 5> patterns{"eth0", "eth1", "eth+", "e+", "+"};
  // `! -i +` is what iptables-legacy-save forgets to list.
  const std::string pattern(patterns[below(patterns.size() - (for_kernel_ ? 1 : 0))]);
  return negatable(in ? "-i" : "-o", pattern, [in, pattern](const Meeting& meeting) {
    const std::string& name = in ? meeting.packet.in : meeting.packet.out;
    if (pattern == "+") return true;
    return pattern.ends_with('+') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
  });
}

Condition RandomRules::ports() {
  const std::size_t kind = below(5);
  const auto text_of = [](std::uint16_t first, std::uint16_t last) {
    return first == last ? std::to_string(first) : std::to_string(first) + ":" + std::to_string(last);
  };
  std::vector<std::pair<std::uint16_t, std::uint16_t>> list;
  std::string text;
  for (std::size_t i = 0; i < (kind > 1 ? 1 + below(3) : 1); ++i) {
    const auto [first, last] = std::minmax({port(), port()});
    list.emplace_back(first, last);
    text += (i > 0 ? "," : "") + text_of(first, last);
  }
  const auto among = [list](Port port) {
    return std::ranges::any_of(list,
                               [&](const auto& r) { return r.first <= port.number() && port.number() <= r.second; });
  };
  const bool source = kind == 0 || kind == 2, either = kind == 4;
  const Predicate holds = [=](const Meeting& meeting) {
    const bool at_source = among(meeting.packet.source_port), at_end = among(meeting.packet.destination_port);
    return either ? at_source || at_end : source ? at_source : at_end;
  };
  if (kind < 2) return negatable(source ? "--sport" : "--destination-port", text, holds);
  Condition result = negatable(either ? "--ports" : source ? "--source-ports" : "--dports", text, holds);
  result.text = "-m multiport " + result.text;
  return result;
}

Condition RandomRules::icmp() {
  const auto type = static_cast<std::uint8_t>(std::array{0, 3, 8, 128, 255}[below(5)]);
  const auto code = static_cast<std::uint8_t>(below(3));
  const bool with_code = one_in(2), any = v4() && type == 255;
  Condition result =
      negatable(v4() ? "--icmp-type" : "--icmpv6-type",
                std::to_string(type) + (with_code ? "/" + std::to_string(code) : ""), [=](const Meeting& meeting) {
                  return any || (meeting.packet.icmp_type == type && (!with_code || meeting.packet.icmp_code == code));
                });
  result.text = std::string("-m ") + (v4() ? "icmp " : "icmp6 ") + result.text;
  return result;
}

Condition RandomRules::state() {
  constexpr std::array<std::string_view, 5> names{"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"};
  std::vector<State> some;
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!one_in(2) && !(i + 1 == names.size() && text.empty())) continue;
    some.push_back(states[i]);
    text += (text.empty() ? "" : ",") + std::string(names[i]);
  }
  const bool translated = !for_kernel_ && one_in(4);
  if (translated) text += ",DNAT";
  Condition result =
      negatable(translated || one_in(2) ? "--ctstate" : "--state", text, [some, translated](const Meeting& meeting) {
        return std::ranges::find(some, meeting.packet.state) != some.end() ||
               (translated && meeting.truths.at("--ctstate DNAT"));
      });
  result.text = (result.text.contains("--ctstate") ? "-m conntrack " : "-m state ") + result.text;
  return result;
}

Condition RandomRules::range() {
  const auto [first, last] = std::minmax({address(), address()});
  const bool source = one_in(2);
  Condition result = negatable(source ? "--src-range" : "--dst-range", address_text(first) + "-" + address_text(last),
                               [=](const Meeting& meeting) {
                                 const Uint128 bits =
                                     (source ? meeting.packet.source : meeting.packet.destination).bits;
                                 return first <= bits && bits <= last;
                               });
  result.text = "-m iprange " + result.text;
  return result;
}

/// A set of its own for each rule, with exceptions in it.
Condition RandomRules::set() {
  struct Item {
    Range range;
    std::uint8_t protocol;
    std::uint16_t port;
    bool excepted;
  };
  const bool with_ports = one_in(2);
  const std::string name = (v4() ? "four" : "six") + std::to_string(sets_.size());
  sets_ +=
      "create " + name + (with_ports ? " hash:net,port" : " hash:net") + " family " + (v4() ? "inet\n" : "inet6\n");
  std::vector<Item> items;
  for (std::size_t i = 0; i < below(6); ++i) {
    const Uint128 base = address();
    const int bits = static_cast<int>(below(18));
    const Uint128 low = (Uint128{1} << bits) - 1;
    const bool tcp = one_in(2);
    const Item item{{base & ~low, base | low}, static_cast<std::uint8_t>(tcp ? 6 : 17), port(), one_in(3)};
    const auto same = [&](const Item& other) {
      return other.range.first == item.range.first && other.range.last == item.range.last &&
             (!with_ports || (other.protocol == item.protocol && other.port == item.port));
    };
    if (std::ranges::any_of(items, same)) continue;
    items.push_back(item);
    sets_ += "add " + name + " " + address_text(base) + "/" + std::to_string(address_bits(family_) - bits);
    if (with_ports) sets_ += std::string(",") + (tcp ? "tcp:" : "udp:") + std::to_string(item.port);
    sets_ += item.excepted ? " nomatch\n" : "\n";
  }
  const bool source = one_in(2), port_of_source = one_in(2);
  const Predicate holds = [=](const Meeting& meeting) {
    const Packet& packet = meeting.packet;
    const Uint128 bits = (source ? packet.source : packet.destination).bits;
    const Port at = port_of_source ? packet.source_port : packet.destination_port;
    const Item* best = nullptr;
    for (const Item& item : items) {
      if (bits < item.range.first || bits > item.range.last) continue;
      if (with_ports && (packet.protocol.number != item.protocol || at.number() != item.port)) continue;
      if (best == nullptr || item.range.last - item.range.first < best->range.last - best->range.first) best = &item;
    }
    return best != nullptr && !best->excepted;
  };
  Condition result =
      negatable("--match-set", name + (source ? " src" : " dst") + (port_of_source ? ",src" : ",dst"), holds);
  result.text = "-m set " + result.text;
  return result;
}

Condition RandomRules::limit() {
  const std::uint32_t rate = ++limits_ + (v4() ? 1000 : 2000);
  if (one_in(2))
    return {"-m limit --limit " + std::to_string(rate) + "/sec",
            [rate](const Meeting& meeting) { return meeting.limits.at(rate); }};
  const bool above = one_in(2);
  return {"-m hashlimit --hashlimit-name h" + std::to_string(rate) +
              (above ? " --hashlimit-above " : " --hashlimit-upto ") + std::to_string(rate) + "/sec",
          [rate, above](const Meeting& meeting) { return meeting.limits.at(rate) != above; }};
}

Condition RandomRules::unknown() {
  const std::string value = std::to_string(below(3));
  const std::string text = "-m mark --mark " + value;
  Condition result = negatable("--mark", value, [text](const Meeting& meeting) { return meeting.truths.at(text); });
  // Of a match that is not known nobody can tell where a `!` belongs that stands behind its option.
  if (result.text.starts_with("--mark !")) result.text = "! --mark " + value;
  result.text = "-m mark " + result.text;
  return result;
}

std::string RandomRules::rule(std::size_t chain, NaiveRule& naive) {
  std::vector<Condition> conditions;
  std::optional<std::uint8_t> protocol;
  if (!one_in(3)) conditions.push_back(this->protocol(protocol));
  const bool has_ports = protocol && portpolicy::has_ports(Protocol{*protocol});
  if (has_ports && !one_in(3)) conditions.push_back(ports());
  if (protocol == (v4() ? 1 : 58) && one_in(2)) conditions.push_back(icmp());
  if (one_in(3)) conditions.push_back(addresses());
  if (one_in(4)) conditions.push_back(interface(chain));
  if (one_in(4)) conditions.push_back(state());
  if (one_in(6)) conditions.push_back(range());
  if (one_in(5)) conditions.push_back(set());
  if (!for_kernel_ && one_in(6)) conditions.push_back(limit());
  if (!for_kernel_ && one_in(12)) conditions.push_back(limit());
  if (!for_kernel_ && one_in(8)) conditions.push_back(unknown());
  // Options follow their matches, and those of the protocol its name, so the order is free but for that.
  if (conditions.size() > 2)
    std::swap(conditions[has_ports ? 2 : 1], conditions[1 + has_ports + below(conditions.size() - 1 - has_ports)]);
  std::string target;
  switch (below(7)) {
    case 0:
    case 1:
      naive.act = Act::accept, target = "-j ACCEPT";
      break;
    case 2:
      naive.act = Act::drop, target = "-j DROP";
      break;
    case 3:
      naive.act = Act::reject, target = "-j REJECT";
      break;
    case 4:
      naive.act = Act::go_back, target = "-j RETURN";
      break;
    case 5:
      naive.act = Act::go_on, target = one_in(2) ? "-j LOG --log-prefix \"-j DROP \\\" \"" : "";
      break;
    default: {
      const std::size_t first = std::max<std::size_t>(chain + 1, 3);
      naive.act = first == chain_count ? Act::drop : one_in(3) ? Act::go_to : Act::jump;
      naive.chain = first + (first == chain_count ? 0 : below(chain_count - first));
      target = naive.act == Act::drop ? "-j DROP" : (naive.act == Act::jump ? "-j " : "-g ") + chain_names[naive.chain];
    }
  }
  std::string text = (one_in(4) ? "[1:2] -A " : "-A ") + chain_names[chain];
  for (Condition& condition : conditions) {
    text += " " + condition.text;
    naive.all_of.push_back(std::move(condition.holds));
  }
  if (one_in(4)) text += " -m comment --comment \"a \\\"b\\\" ! -j DROP\"";
  return text + " " + target + "\n";
}

std::string RandomRules::text(NaiveTable& table) {
  table.chains.resize(chain_count);
  std::string text = std::string("# Generated by ") + (v4() ? "iptables" : "ip6tables") + "-save v1.8.9\n*filter\n";
  for (std::size_t i = 0; i < chain_count; ++i) {
    if (i < 3) table.drops[i] = one_in(2);
    text += ":" + chain_names[i] + (i > 2 ? " -" : table.drops[i] ? " DROP" : " ACCEPT") + " [0:0]\n";
  }
  for (std::size_t i = 0; i < (for_kernel_ ? 40u : 20u); ++i) {
    const std::size_t chain = below(chain_count);
    text += rule(chain, table.chains[chain].emplace_back());
  }
  return text + "COMMIT\n";
}

Meeting RandomRules::meeting() {
  Meeting result;
  Packet& packet = result.packet;
  packet.direction = directions[below(3)];
  constexpr std::array<std::string_view, 4> names{"eth0", "eth1", "br-test", "lo"};
  if (packet.direction != Direction::outbound) packet.in = names[below(names.size())];
  if (packet.direction != Direction::inbound) packet.out = names[below(names.size())];
  packet.source = {family_, address()};
  packet.destination = {family_, address()};
  constexpr std::array<std::uint8_t, 10> numbers{6, 6, 17, 17, 1, 58, 2, 50, 132, 33};
  packet.protocol = Protocol{numbers[below(numbers.size())]};
  packet.source_port = Port(port());
  packet.destination_port = Port(port());
  packet.icmp_type = static_cast<std::uint8_t>(std::array{0, 3, 8, 128, 255}[below(5)]);
  packet.icmp_code = static_cast<std::uint8_t>(below(3));
  packet.state = states[below(states.size())];
  packet = normal(packet);
  for (std::uint32_t i = 1; i <= limits_; ++i) result.limits[i + (v4() ? 1000 : 2000)] = one_in(2);
  for (const std::string_view text : {"--ctstate DNAT", "-m mark --mark 0", "-m mark --mark 1", "-m mark --mark 2"})
    result.truths[std::string(text)] = one_in(2);
  return result;
}

}  // namespace portpolicy::test
