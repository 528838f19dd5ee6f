#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/windows/read_json.h"

namespace portpolicy::windows::text {

/// The members of an object that must be there and of some kind. One that is not there, or is of another kind, is said, and
/// reads as empty.
class Members {
 public:
  /// `what` is the word for it: "a rule".
  Members(const Source& source, const Json& object, std::string_view what);

  const Json& text(std::string_view key) { return of_kind(key, Json::Kind::text); }
  bool flag(std::string_view key) { return of_kind(key, Json::Kind::flag).flag; }
  const Json& list(std::string_view key) { return of_kind(key, Json::Kind::list); }
  /// A list of texts.
  const Json& texts(std::string_view key);
  /// Which of the words a text is; the first one if it is none.
  std::size_t word(std::string_view key, const std::vector<std::string_view>& words);

  bool good() const { return good_; }

 private:
  const Json& of_kind(std::string_view key, Json::Kind kind);
  void refuse(Extent where, std::string message);

  const Source& source_;
  const Json& object_;
  bool good_ = true;
};

}  // namespace portpolicy::windows::text
