#pragma once

#include <optional>
#include <string_view>

#include "compiler/syntax/policy.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// An interface, a list, or a mapping with `any` and `except`. `what` is the key that it stands after.
std::optional<InterfaceExpr> read_interface(Node value, std::string_view what, const Context& context);

}  // namespace portpolicy::syntax
