#include <chrono>
#include <string>

#include "compiler/checks/checks.h"

namespace portpolicy::checks {
namespace {

constexpr std::chrono::days soon{14};

std::string when(std::chrono::days left) {
  if (left.count() == 0) return "today";
  if (left.count() == 1) return "tomorrow";
  return "in " + std::to_string(left.count()) + " days";
}

}  // namespace

void ending_soon(const syntax::Policy& policy, const Host& host, Diagnostics& diagnostics) {
  for (std::size_t file = 0; file < policy.files.size(); ++file)
    for (const Direction direction : directions)
      for (const syntax::Rule& rule : policy.files[file].rules[static_cast<std::size_t>(direction)]) {
        if (!rule.until) continue;
        const auto left = std::chrono::sys_days{rule.until->value} - std::chrono::sys_days{host.today};
        if (left.count() < 0 || left > soon) continue;
        const std::string name = syntax::name_of(policy, file, to_string(direction), rule);
        diagnostics.add(Code::ending_soon, rule.until->where,
                        "rule `" + name + "` ends with " + to_string(rule.until->value) + ", " + when(left),
                        "give it a new date if it is still needed; else let it end");
      }
}

}  // namespace portpolicy::checks
