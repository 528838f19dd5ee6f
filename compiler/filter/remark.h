#pragma once

#include <string>

#include "compiler/diagnostics/source_map.h"

namespace portpolicy::filter {

/// A part of a rule set that was read, and what there is to say of it.
struct Remark {
  Span where;
  std::string text;
};

}  // namespace portpolicy::filter
