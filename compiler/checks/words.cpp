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

}  // namespace portpolicy::checks
