#pragma once

#include <string>

#include "backends/iptables/model.h"

namespace portpolicy::iptables {

/// `tcp`; a number where not every host knows the name.
std::string protocol_word(Protocol protocol);

/// The line `-A CHAIN ...` of a rule.
void append_rule(std::string& text, const Ruleset& ruleset, const Table& table, const Chain& chain, const Rule& rule);

}  // namespace portpolicy::iptables
