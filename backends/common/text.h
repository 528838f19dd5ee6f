#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "compiler/filter/filter.h"

/// Texts of a policy made fit for artifacts.
namespace portpolicy::backend {

/// Printable ASCII on one line, at most `limit` bytes, that can stand between double quotes; other bytes become `?`.
std::string printable(std::string_view text, std::size_t limit);

/// The name and the place of what a rule was made of.
std::string comment_of(const filter::Origin& origin, std::size_t limit);

/// The letters and digits of a name, with `separator` for all that stands between them: `team/web.yaml:inbound[0]` becomes
/// `team_web_yaml_inbound_0`. At most `limit` bytes.
std::string words(std::string_view name, char separator, std::size_t limit);

}  // namespace portpolicy::backend
