#pragma once

#include <cstddef>
#include <vector>

#include "compiler/syntax/policy.h"
#include "compiler/syntax/reading.h"

namespace portpolicy::syntax {

/// Reads the whole document into `file`. `paths` gets what stands under `include`; `rules_left` is how many rules the
/// policy may still have.
void read_file(Node root, const Context& context, std::size_t& rules_left, File& file,
               std::vector<Located<std::string>>& paths);

}  // namespace portpolicy::syntax
