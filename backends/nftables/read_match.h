#pragma once

#include "backends/nftables/read_rule.h"

namespace portpolicy::nft::text {

/// A condition or a verdict map, or a statement that sets what the model of packets does not have. False when nft would
/// refuse it, which was said.
bool read_match(const RuleContext& context, Lexer& lexer, Rule& rule);

/// The words before `set` in the statements of a script.
std::set<std::string_view> changed_in(std::string_view script);

}  // namespace portpolicy::nft::text
