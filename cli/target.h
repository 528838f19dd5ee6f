#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace portpolicy::cli {

/// A kind of firewall.
enum class Target : std::uint8_t { nftables, iptables, windows };
inline constexpr std::array targets{Target::nftables, Target::iptables, Target::windows};
std::string_view to_string(Target target);
std::optional<Target> target_named(std::string_view name);

}  // namespace portpolicy::cli
