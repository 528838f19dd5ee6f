#include "compiler/registry/registry.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "compiler/base/decimal.h"
#include "compiler/registry/tables.h"

namespace portpolicy::registry {
namespace {

constexpr std::array<std::string_view, 7> networks{"any",      "broadcast", "internet", "link-local",
                                                   "loopback", "multicast", "private"};

AddressSet of(std::initializer_list<std::string_view> literals) {
  std::vector<AddressRange> ranges;
  for (const std::string_view literal : literals) ranges.push_back(AddressRange::parse(literal).value());
  return AddressSet::of(ranges);
}

AddressRange range_of(const tables::SpecialPurpose& row) {
  const int host_bits = address_bits(row.family) - row.length;
  const Uint128 first = Uint128{row.high} << 64 | row.low;
  return {row.family, first, first | ((Uint128{1} << host_bits) - 1)};
}

/// What the registries mark as not globally reachable: each prefix overrules the shorter ones around it.
AddressSet not_globally_reachable() {
  AddressSet marked;
  for (const tables::SpecialPurpose& row : tables::special_purpose) {
    const AddressSet addresses = AddressSet::of(range_of(row));
    marked = row.globally_reachable == tables::Reachable::no ? unite(marked, addresses) : subtract(marked, addresses);
  }
  return marked;
}

AddressSet internet() {
  const AddressSet unicast = subtract(of({"0.0.0.0/0", "2000::/3", "64:ff9b::/96"}), of({"224.0.0.0/4"}));
  return subtract(unicast, not_globally_reachable());
}

Assignment assignment(const tables::Assigned& row) {
  return {tables::assigned_text.substr(row.text, row.name_size),
          tables::assigned_uses.subspan(row.first_use, row.use_count),
          tables::assigned_text.substr(row.text + row.name_size, row.description_size)};
}

bool holds(std::span<const tables::KnownPorts> known, Protocol protocol, Port port) {
  const auto ends_before = [](const tables::KnownPorts& ports, std::pair<std::uint8_t, std::uint16_t> wanted) {
    return std::pair(ports.protocol, ports.last) < wanted;
  };
  const auto found =
      std::lower_bound(known.begin(), known.end(), std::pair(protocol.number, port.number()), ends_before);
  return found != known.end() && found->protocol == protocol.number && found->first <= port.number();
}

}  // namespace

std::string to_string(const Use& use) {
  return portpolicy::to_string(PortSet::of({use.first.number(), use.last.number()})) + "/" +
         portpolicy::to_string(use.protocol);
}

std::string listed(std::span<const Use> uses) {
  std::string text;
  for (const Use& use : uses) text += (text.empty() ? "" : " or ") + quoted(to_string(use));
  return text;
}

std::span<const Service> services() {
  return tables::services;
}

const Service* service_named(std::string_view name) {
  const auto found = std::ranges::lower_bound(tables::names, name);
  if (found == tables::names.end() || *found != name) return nullptr;
  return &tables::services[tables::name_services[static_cast<std::size_t>(found - tables::names.begin())]];
}

bool knows(Protocol protocol, Port port) {
  return holds(tables::known_ports, protocol, port);
}

std::span<const std::string_view> service_names() {
  return tables::names;
}

std::vector<Assignment> assignments() {
  std::vector<Assignment> rows;
  rows.reserve(tables::assigned.size());
  std::ranges::transform(tables::assigned, std::back_inserter(rows), assignment);
  return rows;
}

std::vector<Use> assigned_uses(std::string_view name) {
  const auto name_of = [](const tables::Assigned& row) { return assignment(row).name; };
  std::vector<Use> uses;
  for (const tables::Assigned& row : std::ranges::equal_range(tables::assigned, name, {}, name_of))
    std::ranges::copy(assignment(row).uses, std::back_inserter(uses));
  return uses;
}

bool is_assigned(Protocol protocol, Port port) {
  return holds(tables::assigned_ports, protocol, port);
}

std::span<const std::string_view> network_names() {
  return networks;
}

std::optional<AddressSet> network_named(std::string_view name) {
  if (name == "any") return AddressSet::all();
  if (name == "internet") return internet();
  if (name == "private") return of({"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"});
  if (name == "loopback") return of({"127.0.0.0/8", "::1"});
  if (name == "link-local") return of({"169.254.0.0/16", "fe80::/10"});
  if (name == "multicast") return of({"224.0.0.0/4", "ff00::/8"});
  if (name == "broadcast") return of({"255.255.255.255"});
  return std::nullopt;
}

std::span<const IcmpName> icmp_names(Family family) {
  return family == Family::ipv4 ? tables::icmp_names : tables::icmpv6_names;
}

std::string version() {
  return std::string(tables::date) + ", IANA ports " + std::string(tables::iana_date);
}

}  // namespace portpolicy::registry
