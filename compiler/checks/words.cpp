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

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i != 0) text += i + 1 == names.size() ? " and " : ", ";
    text += "`" + names[i] + "`";
  }
  return text;
}

}  // namespace portpolicy::checks
