#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/filter/filter.h"

/// Short ways to write down a filter in a test.
namespace portpolicy::filter_test {

struct FilterBuilder {
  filter::Filter filter;

  /// One chain, hooked into inbound.
  explicit FilterBuilder(Verdict otherwise = Verdict::deny) {
    filter.chains.push_back({"inbound", {}});
    filter.hooks[0] = filter::Hook{filter::ChainId(0), otherwise};
  }

  filter::AddressSetId addresses(std::string name, std::initializer_list<std::string_view> ranges) {
    std::vector<AddressRange> parsed;
    for (const std::string_view range : ranges) parsed.push_back(AddressRange::parse(range).value());
    filter.address_sets.push_back({std::move(name), AddressSet::of(parsed)});
    return filter::AddressSetId(filter.address_sets.size() - 1);
  }

  filter::SourceIn from(std::initializer_list<std::string_view> ranges, std::string name = {}) {
    return {addresses(std::move(name), ranges)};
  }
  filter::DestinationIn to(std::initializer_list<std::string_view> ranges, std::string name = {}) {
    return {addresses(std::move(name), ranges)};
  }

  filter::LimitId limit(std::string name, std::string_view text) {
    filter.limits.push_back({std::move(name), Limit::parse(text).value()});
    return filter::LimitId(filter.limits.size() - 1);
  }

  /// A rule of the first chain. It can be changed until the next one is added.
  filter::Rule& add(std::vector<filter::Match> all_of, filter::Action action, std::string name = "r",
                    std::string place = {}) {
    filter.origins.push_back({std::move(name), std::move(place), {}});
    filter::Rule rule;
    rule.all_of = std::move(all_of);
    rule.action = action;
    rule.origin = static_cast<std::uint32_t>(filter.origins.size() - 1);
    filter.chains[0].rules.push_back(std::move(rule));
    return filter.chains[0].rules.back();
  }
};

inline InterfaceSet interfaces(std::initializer_list<std::string_view> patterns) {
  InterfaceSet set;
  for (const std::string_view pattern : patterns) {
    set = unite(set, InterfaceSet::of(InterfacePattern::parse(pattern).value()));
  }
  return set;
}

inline PortSet ports(std::initializer_list<Interval<std::uint16_t>> ranges) {
  return PortSet::of(std::vector(ranges));
}
inline filter::ProtocolIn protocol(std::initializer_list<Protocol> list) {
  return {std::vector(list)};
}
inline filter::DestinationPortIn dport(std::uint16_t port) {
  return {ports({{port, port}})};
}

}  // namespace portpolicy::filter_test
