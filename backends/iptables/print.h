#pragma once

#include <string>

#include "backends/common/header.h"
#include "backends/iptables/model.h"

namespace portpolicy::iptables {

/// What is written into a folder.
struct Texts {
  std::string rules_v4;  ///< for iptables-restore(8)
  std::string rules_v6;  ///< for ip6tables-restore(8)
  std::string sets;      ///< for `ipset restore`
};

/// The two tables as files that are complete by themselves, and the sets that they ask. The sets can be loaded any number of
/// times, and while rules ask them.
Texts print(const Ruleset& ruleset, const backend::Header& header);

}  // namespace portpolicy::iptables
