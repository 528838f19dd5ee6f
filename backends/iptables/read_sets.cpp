#include "backends/iptables/read_sets.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {
namespace {

constexpr std::size_t longest_name = 31;
// So many pieces of elements are made where ranges of ports cut each other; a set with more is not understood.
constexpr std::size_t most_pieces = 4'000'000;

using Names = std::unordered_map<std::string, Set>;

/// One text on its way into the sets.
class Run {
 public:
  Run(const Source& source, Names& sets) : source_(source), sets_(sets) {}
  void all();

 private:
  bool line(Extent where);
  std::string_view word();
  bool create(Extent where);
  bool option(Set& set, std::string_view name);
  bool element(Extent where, bool adds);
  bool read(Set& set, std::string_view text, Element& element);
  bool read_addresses(const Set& set, std::string_view text, Element& element);
  bool read_service(Set& set, std::string_view text, Element& element);
  bool remove(Extent where, Set& set, const Element& element);
  Set* set(std::string_view name);
  bool swap(std::string_view one, std::string_view other, Extent where);
  void check_sizes();

  const Source& source_;
  Names& sets_;
  std::string_view rest_;  ///< of the line
  bool lenient_ = false;   ///< `-exist`
  std::string_view last_name_;
  Set* last_set_ = nullptr;
};

std::string in_quotes(std::string_view name) {
  return "`" + std::string(name) + "`";
}

void Run::all() {
  Lines lines(source_);
  Extent where;
  while (lines.next(where) && !source_.is_hopeless()) line(where);
  check_sizes();
}

/// The next word of the line; empty at its end.
std::string_view Run::word() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  const std::string_view next = rest_.substr(0, rest_.find_first_of(" \t"));
  rest_.remove_prefix(next.size());
  return next;
}

bool Run::line(Extent where) {
  rest_ = source_.text(where);
  lenient_ = false;
  std::string_view command = word();
  for (; command == "-exist" || command == "-!"; command = word()) lenient_ = true;
  if (rest_.ends_with(" -exist") || rest_.ends_with(" -!")) {
    lenient_ = true;
    rest_ = rest_.substr(0, rest_.rfind(' '));
  }
  if (command == "add" || command == "del") return element(where, command == "add");
  last_set_ = nullptr;
  if (command == "create") return create(where);
  const std::string_view name = word(), second = word();
  if (command == "swap") return swap(name, second, where);
  if (command == "COMMIT" || command == "quit") return true;
  if (command == "flush" || command == "destroy") {
    if (name.empty()) {
      if (command == "destroy") sets_.clear();
      for (auto& [each, content] : sets_) content.elements.clear();
      return true;
    }
    Set* named = set(name);
    if (named == nullptr) return lenient_ || source_.refuse(where, "there is no set " + in_quotes(name));
    if (command == "flush") named->elements.clear();
    else sets_.erase(std::string(name));
    return true;
  }
  if (command == "rename") {
    if (set(name) == nullptr || set(second) != nullptr || second.empty() || second.size() > longest_name)
      return source_.refuse(where, "this set cannot get this name");
    auto node = sets_.extract(std::string(name));
    node.key() = second;
    sets_.insert(std::move(node));
    return true;
  }
  return source_.refuse(where, in_quotes(command) + " is no command of ipset that is known here");
}

bool Run::swap(std::string_view one, std::string_view other, Extent where) {
  Set *first = set(one), *second = set(other);
  if (first == nullptr || second == nullptr)
    return source_.refuse(where, "there is no set " + in_quotes(first == nullptr ? one : other));
  if (first->kind != second->kind || first->dimensions != second->dimensions || first->family != second->family)
    return source_.refuse(where, in_quotes(one) + " and " + in_quotes(other) + " are of different types");
  std::swap(*first, *second);
  return true;
}

Set* Run::set(std::string_view name) {
  const auto known = sets_.find(std::string(name));
  return known == sets_.end() ? nullptr : &known->second;
}

bool Run::create(Extent where) {
  const std::string_view name = word(), type = word();
  if (type.empty()) return source_.refuse(where, "the type of the set is missing");
  if (name.size() > longest_name)
    return source_.refuse(where, "a name of a set has at most " + std::to_string(longest_name) + " characters");
  Set made;
  made.where = where;
  made.dimensions = static_cast<std::size_t>(std::ranges::count(type, ',')) + 1;
  made.counts = type.starts_with("hash:");
  if (made.counts || type.starts_with("bitmap:ip")) made.family = Family::ipv4;
  if (type == "hash:ip" || type == "hash:net" || type == "bitmap:ip") made.kind = Set::Kind::addresses;
  if (type == "hash:ip,port" || type == "hash:net,port") made.kind = Set::Kind::addresses_and_ports;
  if (type == "bitmap:port") made.kind = Set::Kind::ports;
  if (type == "hash:mac") made.family.reset();
  made.known = made.kind != Set::Kind::others;
  for (std::string_view next = word(); !next.empty(); next = word())
    if (!option(made, next))
      return source_.refuse(where, "ipset has no option " + in_quotes(next) + " here, or its value is wrong");
  if (const Set* before = set(name); before != nullptr) {
    if (lenient_ && before->kind == made.kind && before->family == made.family) return true;
    return source_.refuse(where, "there is a set " + in_quotes(name) + " already",
                          "with `-exist` behind it, the command leaves such a set as it is");
  }
  sets_.emplace(name, std::move(made));
  return true;
}

bool Run::option(Set& set, std::string_view name) {
  constexpr std::array<std::string_view, 6> plain{"counters", "comment", "skbinfo", "forceadd", "wildcard", "nomatch"};
  constexpr std::array<std::string_view, 8> with_value{"hashsize", "initval",  "bucketsize", "size",
                                                       "range",    "markmask", "probes",     "resize"};
  if (std::ranges::find(plain, name) != plain.end()) return true;
  const std::string_view value = word();
  if (std::ranges::find(with_value, name) != with_value.end()) return !value.empty();
  if (name == "family") {
    set.family = value == "inet6" || value == "ipv6" ? Family::ipv6 : Family::ipv4;
    return value == "inet" || value == "inet6" || value == "ipv4" || value == "ipv6";
  }
  if (name == "bitmask") {
    set.known = false;
    return !value.empty();
  }
  const auto number = read_number(value, UINT32_MAX);
  if (!number) return false;
  if (name == "timeout") set.known = set.known && *number == 0;
  else if (name == "maxelem") set.most = *number;
  else if (name == "netmask" && *number >= 1 && *number <= 128) set.length = static_cast<int>(*number);
  else return false;
  return true;
}

bool Run::element(Extent where, bool adds) {
  const std::string_view name = word();
  if (last_set_ == nullptr || name != last_name_) {
    last_set_ = set(name);
    last_name_ = name;
  }
  if (last_set_ == nullptr) return source_.refuse(where, "there is no set " + in_quotes(name));
  Set& to = *last_set_;
  const std::string_view text = word();
  if (text.empty()) return source_.refuse(where, "the element is missing");
  if (to.kind == Set::Kind::others) return true;
  Element element;
  if (!read(to, text, element)) return source_.refuse(where, in_quotes(text) + " is no element of such a set");
  for (std::string_view next = word(); !next.empty(); next = word()) {
    if (next == "comment") break;  // a text in quotes, and ipset writes it last but for marks
    if (next == "nomatch") {
      element.excepted = true;
      continue;
    }
    const std::string_view value = word();
    if (next == "timeout" && value != "0") to.known = false;
  }
  if (!adds) return remove(where, to, element);
  to.elements.push_back(element);
  return true;
}

bool Run::remove(Extent where, Set& set, const Element& element) {
  const std::size_t gone = std::erase_if(set.elements, [&](const Element& each) {
    return each.addresses == element.addresses && each.protocol == element.protocol && each.ports == element.ports;
  });
  return gone > 0 || lenient_ || source_.refuse(where, "the set has no such element, written like this");
}

bool Run::read(Set& set, std::string_view text, Element& element) {
  if (set.kind == Set::Kind::ports) {
    const Known known = read_ports(text, '-', element.ports);
    set.known = set.known && known != Known::not_here;
    return known != Known::nowhere && element.ports.first <= element.ports.last;
  }
  if (set.kind == Set::Kind::addresses) return read_addresses(set, text, element);
  const std::size_t comma = text.find(',');
  return comma != std::string_view::npos && read_addresses(set, text.substr(0, comma), element) &&
         read_service(set, text.substr(comma + 1), element);
}

bool Run::read_addresses(const Set& set, std::string_view text, Element& element) {
  const Family family = *set.family;
  if (const std::size_t dash = text.find('-'); dash != std::string_view::npos) {
    const auto first = read_address(text.substr(0, dash), family), last = read_address(text.substr(dash + 1), family);
    if (!first || !last || *first > *last) return false;
    element.addresses = {family, *first, *last};
  } else {
    const auto network = read_network(text, family);
    // No set holds a prefix of no bits.
    if (!network || !network->is_range || text.ends_with("/0")) return false;
    element.addresses = network->range;
  }
  if (set.length != 0) {
    const int open = address_bits(family) - set.length;
    if (open < 0) return false;
    const Uint128 low = (Uint128{1} << open) - 1;
    element.addresses.first &= ~low;
    element.addresses.last |= low;
  }
  return true;
}

bool Run::read_service(Set& set, std::string_view text, Element& element) {
  const std::size_t colon = text.find(':');
  std::string_view value = text;
  element.protocol = protocols::tcp.number;
  if (colon != std::string_view::npos) {
    const auto protocol = read_protocol(text.substr(0, colon));
    if (!protocol) {
      set.known = false;
      return true;
    }
    element.protocol = *protocol;
    value = text.substr(colon + 1);
  }
  const Protocol protocol{element.protocol};
  if (protocol == protocols::icmp || protocol == protocols::icmpv6) {
    const auto types = read_icmp(value, protocol == protocols::icmp ? Family::ipv4 : Family::ipv6);
    if (!types || types->is_all() || types->intervals().size() != 1) return false;
    // An element has one type and one code; a name without one stands for code 0.
    const std::uint16_t first = types->intervals()[0].first;
    element.ports = {first, first};
    return true;
  }
  // The sets know no ports of DCCP.
  if (!has_ports(protocol) || protocol == protocols::dccp) return value == "0";
  const Known known = read_ports(value, '-', element.ports);
  set.known = set.known && known != Known::not_here;
  return known != Known::nowhere && element.ports.first <= element.ports.last;
}

/// A set that is full takes no more, and the text is not loaded to its end.
void Run::check_sizes() {
  const auto key = [](const Element& each) {
    return std::tuple(each.addresses.first, each.addresses.last, each.protocol, each.ports.first);
  };
  for (auto& [name, set] : sets_) {
    if (!set.counts || set.elements.size() <= set.most) continue;
    std::vector<Element> elements = set.elements;
    std::ranges::sort(elements, {}, key);
    const auto again = std::ranges::unique(elements, {}, key);
    if (elements.size() - again.size() > set.most)
      source_.refuse(set.where, "the set " + in_quotes(name) + " has more elements than its `maxelem` of " +
                                    std::to_string(set.most));
  }
}

using Elements = std::vector<const Element*>;

/// What a packet's address must be in. Of elements that contain each other, the smallest decides.
AddressSet addresses_of(Elements elements, Family family) {
  std::vector<AddressRange> some;
  const bool exceptions = std::ranges::any_of(elements, &Element::excepted);
  if (!exceptions) {
    some.reserve(elements.size());
    for (const Element* element : elements) some.push_back(element->addresses);
    return AddressSet::of(some);
  }
  const auto size = [](const Element* element) { return element->addresses.last - element->addresses.first; };
  std::ranges::sort(elements, std::ranges::greater(), size);
  AddressSet result;
  for (auto at = elements.begin(); at != elements.end();) {
    std::vector<AddressRange> excepted;
    some.clear();
    const Uint128 here = size(*at);
    for (; at != elements.end() && size(*at) == here; ++at)
      ((*at)->excepted ? excepted : some).push_back((*at)->addresses);
    result = subtract(unite(result, AddressSet::of(some)), AddressSet::of(excepted));
  }
  return intersect(result, AddressSet::all(family));
}

/// The elements of one protocol, by ports that no two of them share but in whole.
bool by_ports(const Elements& elements, std::map<Interval<std::uint16_t>, Elements>& pieces) {
  std::vector<std::uint32_t> cuts;
  for (const Element* element : elements) {
    cuts.push_back(element->ports.first);
    cuts.push_back(element->ports.last + 1u);
  }
  std::ranges::sort(cuts);
  cuts.erase(std::ranges::unique(cuts).begin(), cuts.end());
  std::size_t made = 0;
  for (const Element* element : elements) {
    auto cut = std::ranges::lower_bound(cuts, element->ports.first);
    for (; *cut <= element->ports.last; ++cut) {
      if (++made > most_pieces) return false;
      pieces[{static_cast<std::uint16_t>(*cut), static_cast<std::uint16_t>(*(cut + 1) - 1)}].push_back(element);
    }
  }
  return true;
}

std::optional<std::vector<SetGroup>> groups_of(const Set& set) {
  std::vector<SetGroup> groups;
  if (set.kind == Set::Kind::ports) {
    std::vector<Interval<std::uint16_t>> ports;
    for (const Element& element : set.elements) ports.push_back(element.ports);
    // Whatever other protocols have ports: the kernel asks these two alone.
    for (const Protocol protocol : {protocols::tcp, protocols::udp})
      groups.push_back({protocol, PortSet::of(ports), AddressSet::all()});
    return groups;
  }
  std::map<std::uint8_t, Elements> by_protocol;
  for (const Element& element : set.elements) by_protocol[element.protocol].push_back(&element);
  for (auto& [protocol, elements] : by_protocol) {
    if (set.kind == Set::Kind::addresses) {
      groups.push_back({std::nullopt, PortSet::all(), addresses_of(std::move(elements), *set.family)});
      continue;
    }
    // ICMP of the other family has no types here.
    if (Protocol{protocol} == (*set.family == Family::ipv4 ? protocols::icmpv6 : protocols::icmp)) return std::nullopt;
    std::map<Interval<std::uint16_t>, Elements> pieces;
    if (!by_ports(elements, pieces)) return std::nullopt;
    // Ports with the same addresses go together.
    std::map<std::vector<AddressRange>, std::vector<Interval<std::uint16_t>>> together;
    for (const auto& [ports, some] : pieces)
      together[addresses_of(some, *set.family).ranges(*set.family)].push_back(ports);
    for (const auto& [addresses, ports] : together)
      groups.push_back({Protocol{protocol}, PortSet::of(ports), AddressSet::of(addresses)});
  }
  return groups;
}

}  // namespace

void Sets::run(const Source& source) {
  Run(source, sets_).all();
}

const Set* Sets::find(std::string_view name) const {
  const auto known = sets_.find(std::string(name));
  return known == sets_.end() ? nullptr : &known->second;
}

const std::vector<SetGroup>* Sets::groups(std::string_view name) {
  const Set* set = find(name);
  if (set == nullptr || !set->known || changes(name)) return nullptr;
  const auto [known, fresh] = groups_.try_emplace(std::string(name));
  if (fresh) known->second = groups_of(*set);
  return known->second ? &*known->second : nullptr;
}

}  // namespace portpolicy::iptables::text
