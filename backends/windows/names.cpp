#include "backends/windows/names.h"

#include <algorithm>
#include <set>
#include <string>

#include "backends/windows/values.h"
#include "compiler/base/sha256.h"

namespace portpolicy::windows {
namespace {

std::string name_of(const Rule& rule) {
  Sha256 digest;
  digest.add("Direction=" + std::string(parameter(rule.direction)) + "\n");
  digest.add("Action=" + std::string(to_string(rule.action)) + "\n");
  for (const auto& [name, values] : parameters_of(rule.conditions)) {
    digest.add(name);
    std::string_view before = "=";
    for (const std::string& value : values) {
      digest.add(before);
      digest.add(value);
      before = ",";
    }
    digest.add("\n");
  }
  return "portpolicy-" + digest.hex().substr(0, 16);
}

}  // namespace

void give_names(std::vector<Rule>& rules) {
  std::set<std::string> taken;
  for (Rule& rule : rules) rule.name = name_of(rule);
  std::erase_if(rules, [&](const Rule& rule) { return !taken.insert(rule.name).second; });
}

}  // namespace portpolicy::windows
