#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/graph/graph.h"
#include "compiler/syntax/policy.h"

namespace portpolicy::cli {

/// Says sets in few words, with the names of the policy where they say it exactly.
class SetWords {
 public:
  SetWords(const Graph& graph, const syntax::Policy& policy);

  /// Names, prefixes and ranges that are the set together: `office`, `10.0.0.0/8`, `any except office`.
  std::vector<std::string> addresses(const AddressSet& set) const;
  /// `lan`, `eth1, br-*`. Whether the loopback interface is among them is not said.
  std::string interfaces(const InterfaceSet& set) const;

 private:
  struct Named {
    std::string name;
    AddressSet addresses;
  };
  std::vector<std::string> united(const AddressSet& set) const;
  void add(const std::string& name, const AddressSet& addresses);

  std::vector<Named> networks_;  // the largest first
  std::vector<std::pair<std::string, InterfaceSet>> interfaces_;
};

/// `80/tcp`, `8000-8010/tcp`, `icmp/echo-request`, `esp`: the services one by one. Protocols without a name that follow one
/// another stand together: `protocol 61-63`.
std::vector<std::string> words_of(std::span<const Transport> services);

/// `80, 443/tcp, 53/udp`: the first of these services, and how many more there are.
std::string listed_services(std::span<const Transport> services, std::size_t most);

/// The first of some words with commas between them, and how many more there are.
std::string listed(std::span<const std::string> words, std::size_t most);

}  // namespace portpolicy::cli
