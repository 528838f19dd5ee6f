#include "compiler/checks/words.h"

#include <utility>

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
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool last = others.empty() && i + 1 == names.size();
    if (i != 0) text += last ? " and " : ", ";
    text += "`" + names[i] + "`";
  }
  return others.empty() ? text : text + (text.empty() ? "" : " and ") + std::string(others);
}

}  // namespace portpolicy::checks
