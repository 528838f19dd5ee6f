#include "cli/version.h"

namespace portpolicy::cli {

std::string_view version() {
  return PORTPOLICY_VERSION;
}

}  // namespace portpolicy::cli
