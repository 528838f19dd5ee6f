#include "backends/windows/read_members.h"

#include <algorithm>

#include "compiler/base/decimal.h"
#include "compiler/base/words.h"

namespace portpolicy::windows::text {

Members::Members(const Source& source, const Json& object, std::string_view what) : source_(source), object_(object) {
  if (object.kind != Json::Kind::object)
    refuse(object.where, std::string(what) + " is an object, not " + std::string(to_string(object.kind)));
}

void Members::refuse(Extent where, std::string message) {
  good_ =
      source_.refuse(where, std::move(message), "export the rules again, with the `Export-Rules.ps1` of this version");
}

const Json& Members::of_kind(std::string_view key, Json::Kind kind) {
  static const Json nothing;
  if (object_.kind != Json::Kind::object) return nothing;
  const Json* member = object_.find(key);
  if (member == nullptr) {
    refuse({object_.where.begin, object_.where.begin + 1}, "there is no member " + quoted(key));
    return nothing;
  }
  if (member->kind == kind) return *member;
  refuse(member->where,
         quoted(key) + " is " + std::string(to_string(kind)) + ", not " + std::string(to_string(member->kind)));
  return nothing;
}

const Json& Members::texts(std::string_view key) {
  const Json& list = this->list(key);
  for (const Json& element : list.inside)
    if (element.kind != Json::Kind::text)
      refuse(element.where, quoted(key) + " is a list of texts, not of " + std::string(to_string(element.kind)));
  return list;
}

std::size_t Members::word(std::string_view key, const std::vector<std::string_view>& words) {
  const Json& member = text(key);
  const auto known = std::ranges::find(words, member.text);
  if (known != words.end()) return static_cast<std::size_t>(known - words.begin());
  std::vector<std::string> expected;
  for (const std::string_view word : words) expected.push_back(quoted(word));
  if (member.kind == Json::Kind::text)
    refuse(member.where, quoted(key) + " is " + joined(expected, "or") + ", not " + quoted(member.text));
  return 0;
}

}  // namespace portpolicy::windows::text
