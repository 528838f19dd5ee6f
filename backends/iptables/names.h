#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "backends/iptables/model.h"

/// Names for what a table holds, each one once.
namespace portpolicy::iptables {

class Names {
 public:
  /// `<prefix><name>`, of letters, digits and `-`, at most so many bytes; a number follows the name where another name has
  /// led to the same.
  std::string make(std::string_view prefix, std::string_view name, std::size_t limit);

 private:
  std::unordered_map<std::string, std::uint32_t> uses_;  ///< of each: the last number that followed it
};

/// `PP4-internal-1a2b3c4d`: the digits follow from what the set holds, so that another content has another name, and rules
/// that are in force keep the set that they were made for.
std::string set_name(std::string_view name, Family family, const Set& set);

}  // namespace portpolicy::iptables
