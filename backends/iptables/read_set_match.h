#pragma once

#include <string>
#include <unordered_map>

#include "backends/iptables/read_sets.h"
#include "backends/iptables/read_work.h"

namespace portpolicy::iptables::text {

/// What `-m set` asks of a packet of one family.
class SetMatches {
 public:
  SetMatches(Family family, Sets& sets, Writer& writer) : family_(family), sets_(sets), writer_(writer) {}

  /// False when iptables would refuse it, which was said.
  bool ask(Work& work, const MatchUse& use);

 private:
  struct Lookup;
  void ask_groups(Work& work, const Lookup& lookup);
  void add_others(Work& work, const Lookup& lookup, std::vector<Conditions>& after);
  void keep_addresses(Conditions& branch, const Lookup& lookup, std::size_t group);
  filter::AddressSetId address_set(const std::string& name, const AddressSet& addresses, bool outside);

  Family family_;
  Sets& sets_;
  Writer& writer_;
  std::unordered_map<std::string, filter::AddressSetId> in_filter_;
};

}  // namespace portpolicy::iptables::text
