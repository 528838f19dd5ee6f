#pragma once

#include <optional>
#include <string_view>

#include "compiler/syntax/policy.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// Whether a text can only be meant as an address, prefix or range, never as a name.
bool reads_as_address(std::string_view text);

/// What is wrong with a text that reads as an address and is none.
Mistake bad_address(std::string_view text);

/// A network, a list, or a mapping with `any` and `except`, or `file`. `what` is the key that it stands after.
std::optional<NetworkExpr> read_network(Node value, std::string_view what, const Context& context);

}  // namespace portpolicy::syntax
