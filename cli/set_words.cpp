#include "cli/set_words.h"

#include <algorithm>
#include <optional>

#include "cli/policy_words.h"
#include "compiler/registry/registry.h"

namespace portpolicy::cli {

namespace {

constexpr std::size_t most_tried = 200;   // names that a set is put together from
constexpr std::size_t most_left_out = 4;  // words behind "except"

std::size_t range_count(const AddressSet& set) {
  return set.v4.intervals().size() + set.v6.intervals().size();
}

AddressSet only_in(const AddressSet& set, Family family) {
  AddressSet result;
  if (family == Family::ipv4) result.v4 = set.v4;
  else result.v6 = set.v6;
  return result;
}

/// How hard words are to read: bounds that are no prefix take twice as long.
std::size_t effort(const std::vector<std::string>& words) {
  std::size_t sum = words.size();
  for (const std::string& word : words)
    if (const auto range = AddressRange::parse(word); range && !as_prefix(*range)) ++sum;
  return sum;
}

std::string behind(Family family) {
  return " (" + std::string(to_string(family)) + ")";
}

/// Where only this family is spoken of, a name need not say it.
void without_family(std::string& word, Family family) {
  if (word.ends_with(behind(family))) word.resize(word.size() - behind(family).size());
}

long double size_of(const AddressSet& set) {
  long double size = 0;
  for (const auto& range : set.v4.intervals()) size += static_cast<long double>(range.last - range.first) + 1;
  for (const auto& range : set.v6.intervals()) size += static_cast<long double>(range.last - range.first) + 1;
  return size;
}

std::string icmp_type(Protocol protocol, std::uint8_t type) {
  for (const registry::IcmpName& known : registry::icmp_names(*family_of(protocol)))
    if (known.type == type && !known.code) return std::string(known.name);
  return std::to_string(type);
}

/// `icmp/echo-request`, `icmp/3:1-4`, `icmp/9-10`
std::string icmp_words(Protocol protocol, std::uint16_t first, std::uint16_t last) {
  const auto type = [](std::uint16_t value) { return static_cast<std::uint8_t>(value >> 8); };
  const std::string start = to_string(protocol) + "/";
  if (type(first) != type(last)) return start + std::to_string(type(first)) + "-" + std::to_string(type(last));
  const int low = first & 0xff, high = last & 0xff;
  if (low == 0 && high == 0xff) return start + icmp_type(protocol, type(first));
  const std::string codes = low == high ? std::to_string(low) : std::to_string(low) + "-" + std::to_string(high);
  return start + std::to_string(type(first)) + ":" + codes;
}

/// Each interval as the types that are whole, and what is before and behind these.
void add_icmp(std::vector<std::string>& words, const Transport& transport) {
  for (const Interval<std::uint16_t>& interval : transport.icmp.intervals()) {
    std::uint32_t first = interval.first;
    const std::uint32_t end = interval.last + 1u;
    const auto add = [&](std::uint32_t up_to) {
      if (first < up_to)
        words.push_back(
            icmp_words(transport.protocol, static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(up_to - 1)));
      first = std::max(first, up_to);
    };
    add(std::min(end, (first + 0xff) & ~0xffu));
    add(std::max(first, end & ~0xffu));
    add(end);
  }
}

/// `22/tcp, 53/tcp` as `22, 53/tcp`.
std::string joined_ports(std::span<const std::string> words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto protocol = [&](std::size_t of) { return words[of].substr(words[of].find('/') + 1); };
    const bool port = words[i].find_first_of("0123456789") == 0;
    const bool shared = port && i + 1 < words.size() && protocol(i) == protocol(i + 1);
    text += (i == 0 ? "" : ", ") + (shared ? words[i].substr(0, words[i].find('/')) : words[i]);
  }
  return text;
}

bool is_unnamed(const Transport& transport) {
  return !name_of(transport.protocol);
}

}  // namespace

SetWords::SetWords(const Graph& graph, const syntax::Policy& policy) {
  for (const NamedAddresses& set : graph.address_sets)
    if (!set.name.empty() && set.name != "any") add(set.name, set.addresses);
  // Behind those that the policy names, so that of two names for one set its own is said.
  for (const std::string_view name : registry::network_names())
    if (name != "any") add(std::string(name), *registry::network_named(name));
  std::ranges::stable_sort(networks_, std::ranges::greater(),
                           [](const Named& named) { return size_of(named.addresses); });
  networks_.insert(networks_.begin(), {{"any", AddressSet::all()},
                                       {"any IPv6", only_in(AddressSet::all(), Family::ipv6)},
                                       {"any IPv4", only_in(AddressSet::all(), Family::ipv4)}});
  std::optional<PolicyWords> words;
  for (const syntax::File& file : policy.files) {
    for (const auto& definition : file.interfaces) {
      if (interfaces_.size() == most_tried) return;
      if (!words) words.emplace(policy);
      if (auto set = words->interfaces(definition.name.value))
        interfaces_.emplace_back(definition.name.value, std::move(*set));
    }
  }
}

void SetWords::add(const std::string& name, const AddressSet& addresses) {
  if (addresses.empty()) return;
  networks_.push_back({name, addresses});
  if (addresses.v4.empty() || addresses.v6.empty()) return;
  for (const Family family : families) networks_.push_back({name + behind(family), only_in(addresses, family)});
}

std::vector<std::string> SetWords::united(const AddressSet& set) const {
  for (const Named& named : networks_)
    if (named.addresses == set) return {named.name};
  std::vector<std::string> words;
  AddressSet rest = set;
  for (std::size_t i = 0; i < std::min(networks_.size(), most_tried); ++i) {
    const Named& named = networks_[i];
    if (!subtract(named.addresses, set).empty()) continue;
    AddressSet left = subtract(rest, named.addresses);
    if (left == rest || range_count(left) + 1 > range_count(rest)) continue;
    words.push_back(named.name);
    rest = std::move(left);
  }
  for (const Family family : families)
    for (const AddressRange& range : rest.ranges(family)) words.push_back(to_string(range));
  return words;
}

std::vector<std::string> SetWords::addresses(const AddressSet& set) const {
  std::vector<std::string> best = united(set);
  std::size_t least = effort(best);
  if (least < 3) return best;
  for (std::size_t i = 0; i < std::min(networks_.size(), most_tried); ++i) {
    const Named& named = networks_[i];
    if (!subtract(set, named.addresses).empty()) continue;
    const AddressSet outside = subtract(named.addresses, set);
    if (range_count(outside) > 2 * range_count(set) + 2) continue;
    std::vector<std::string> left_out = united(outside);
    for (const Family family : families)
      if (!named.addresses.empty(family) && named.addresses.empty(other_family(family)))
        for (std::string& word : left_out) without_family(word, family);
    if (effort(left_out) + 1 >= least) continue;
    least = effort(left_out) + 1;
    best = {named.name + " except " + listed(left_out, most_left_out)};
  }
  return best;
}

std::string SetWords::interfaces(const InterfaceSet& set) const {
  const InterfaceSet loopback = InterfaceSet::of({"lo", false});
  const InterfaceSet with = unite(set, loopback);
  for (const auto& [name, named] : interfaces_)
    if (unite(named, loopback) == with) return name;
  const std::string one = to_string(set), other = to_string(with);
  return other.size() < one.size() ? other : one;
}

std::vector<std::string> words_of(std::span<const Transport> services) {
  std::vector<std::string> words;
  for (auto transport = services.begin(); transport != services.end(); ++transport) {
    const Protocol protocol = transport->protocol;
    if (has_ports(protocol) && !transport->ports.is_all()) {
      for (const auto& range : transport->ports.intervals())
        words.push_back(to_string(PortSet::of(range)) + "/" + to_string(protocol));
    } else if (!transport->icmp.is_all()) {
      add_icmp(words, *transport);
    } else if (!is_unnamed(*transport)) {
      words.push_back(to_string(protocol));
    } else {
      const auto first = transport;
      while (std::next(transport) != services.end() && is_unnamed(*std::next(transport)) &&
             std::next(transport)->protocol.number == transport->protocol.number + 1)
        ++transport;
      words.push_back(to_string(first->protocol) +
                      (first == transport ? "" : "-" + std::to_string(transport->protocol.number)));
    }
  }
  return words;
}

std::string listed_services(std::span<const Transport> services, std::size_t most) {
  const std::vector<std::string> words = words_of(services);
  const std::string text = joined_ports(std::span(words).first(std::min(words.size(), most)));
  return words.size() > most ? text + " and " + std::to_string(words.size() - most) + " more" : text;
}

std::string listed(std::span<const std::string> words, std::size_t most) {
  std::string text;
  for (std::size_t i = 0; i < std::min(words.size(), most); ++i) text += (i == 0 ? "" : ", ") + words[i];
  if (words.size() > most) text += " and " + std::to_string(words.size() - most) + " more";
  return text;
}

}  // namespace portpolicy::cli
