#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/windows/read_filter.h"
#include "backends/windows/read_json.h"

namespace portpolicy::windows::text {

/// Profiles of connections, as bits: each connection has one of them.
using Profiles = std::uint8_t;
inline constexpr std::array<std::string_view, 3> profile_names{"Domain", "Private", "Public"};
inline constexpr Profiles all_profiles = 0b111;
constexpr Profiles profile_bit(std::size_t index) {
  return static_cast<Profiles>(1u << index);
}
/// `Profile Domain or Private`
std::string to_string(Profiles profiles);

/// Conditions of which a packet meets one if its connection has one of these profiles, and else none. They know that it has
/// just one of the three.
std::vector<Conditions> in_profiles(Profiles profiles);

/// Adds an enabled rule of an export, the how manyth it is told by `number`. In `without_local` rules of the local store have
/// no say. What is wrong with the members is said; a value that is not understood is a condition that is not.
void add_foreign_rule(const Source& source, const Json& rule, std::size_t number, Profiles without_local,
                      Writer& writer);

}  // namespace portpolicy::windows::text
