#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "compiler/base/interval_set.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// `80` or `8080-8090`. Port 0 cannot be named in a policy.
std::expected<Interval<std::uint16_t>, Mistake> parse_ports(std::string_view text);

}  // namespace portpolicy::syntax
