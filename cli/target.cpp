#include "cli/target.h"

#include <utility>

namespace portpolicy::cli {

std::string_view to_string(Target target) {
  switch (target) {
    case Target::nftables:
      return "nftables";
    case Target::iptables:
      return "iptables";
    case Target::windows:
      return "windows";
  }
  std::unreachable();
}

std::optional<Target> target_named(std::string_view name) {
  for (const Target target : targets)
    if (to_string(target) == name) return target;
  return std::nullopt;
}

}  // namespace portpolicy::cli
