#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/windows/read_source.h"

namespace portpolicy::windows::text {

/// One value of a JSON text, and where it stands.
struct Json {
  enum class Kind : std::uint8_t { null, flag, number, text, list, object };
  Kind kind = Kind::null;
  bool flag = false;
  Extent where;
  std::string key;  ///< of a member of an object
  std::string text;
  std::vector<Json> inside;  ///< elements, or members, no two of them with one key

  const Json* find(std::string_view member) const;
};

/// "a text", "a list"
std::string_view to_string(Json::Kind kind);

/// The one value of the text, which is UTF-8. Nothing when it is not, or too deep or too large; which of them, was said.
std::optional<Json> read_json(const Source& source);

}  // namespace portpolicy::windows::text
