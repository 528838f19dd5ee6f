#include "compiler/checks/words.h"

#include <utility>

#include "compiler/base/words.h"

namespace portpolicy::checks {

std::string_view third_person(Verdict verdict) {
  switch (verdict) {
    case Verdict::allow:
      return "allows";
    case Verdict::deny:
      return "denies";
    case Verdict::reject:
      return "rejects";
  }
  std::unreachable();
}

std::string listed(const std::vector<std::string>& names, std::string_view others) {
  std::vector<std::string> phrases;
  for (const std::string& name : names) phrases.push_back("`" + name + "`");
  if (!others.empty()) phrases.emplace_back(others);
  return joined(phrases, "and");
}

}  // namespace portpolicy::checks
