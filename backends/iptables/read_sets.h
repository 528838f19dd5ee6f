#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backends/iptables/read_source.h"
#include "compiler/base/address.h"
#include "compiler/base/transport.h"

/// What `ipset save` prints and `ipset restore` takes.
namespace portpolicy::iptables::text {

/// Elements of a set that share what is asked beside the address.
struct SetGroup {
  std::optional<Protocol> protocol;  ///< nothing: any
  PortSet ports = PortSet::all();    ///< of ICMP, type and code
  AddressSet addresses;
};

struct Element {
  AddressRange addresses;
  std::uint8_t protocol = 0;
  bool excepted = false;  ///< `nomatch`
  Interval<std::uint16_t> ports{0, 65535};
};

struct Set {
  enum class Kind : std::uint8_t { addresses, addresses_and_ports, ports, others };
  Kind kind = Kind::others;
  std::size_t dimensions = 1;
  std::optional<Family> family;  ///< nothing: of both
  bool known = true;             ///< false: what it holds cannot be told, or ends by itself
  int length = 0;                ///< of the prefixes that elements and addresses are cut to; 0: none are
  std::size_t most = 65536;
  bool counts = false;  ///< whether `most` says something of the elements
  Extent where;
  std::vector<Element> elements;
};

class Sets {
 public:
  /// Runs the commands of one text. What cannot be read is told to the source.
  void run(const Source& source);

  const Set* find(std::string_view name) const;
  /// What it holds, each packet in at most one group. Nothing when it cannot be told.
  const std::vector<SetGroup>* groups(std::string_view name);
  /// Whether rules add to sets of this name, or take from them.
  bool changes(std::string_view name) const { return changing_.contains(std::string(name)); }
  void note_change(std::string_view name) { changing_.emplace(name); }

 private:
  std::unordered_map<std::string, Set> sets_;
  std::unordered_map<std::string, std::optional<std::vector<SetGroup>>> groups_;
  std::unordered_set<std::string> changing_;
};

}  // namespace portpolicy::iptables::text
