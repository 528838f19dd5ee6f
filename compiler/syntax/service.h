#pragma once

#include <expected>
#include <optional>
#include <string_view>
#include <vector>

#include "compiler/syntax/policy.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// One service as it may stand after a verdict; `where` of the result is not set.
std::expected<ServiceExpr, Mistake> parse_service(std::string_view text);

/// A service or a list of them. `what` is the key that they stand after.
std::optional<std::vector<ServiceExpr>> read_services(Node value, std::string_view what, const Context& context);

}  // namespace portpolicy::syntax
