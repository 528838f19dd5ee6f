#pragma once

#include <string>

namespace portpolicy::syntax {

/// The policy language as a JSON Schema (draft-07), for editors: made of the tables of keys that the reader uses. It
/// takes every file that the reader takes. Always the same text; it ends with a line break.
std::string json_schema();

}  // namespace portpolicy::syntax
