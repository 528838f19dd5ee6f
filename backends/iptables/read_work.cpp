#include "backends/iptables/read_work.h"

#include <algorithm>

namespace portpolicy::iptables::text {

std::vector<filter::Remark> Remarks::list(const Places& places) {
  std::vector<filter::Remark> remarks;
  for (const auto& [place, where] : places) remarks.push_back({where, std::get<2>(place)});
  return remarks;
}

void Work::ask_text(const std::string& text, Extent where, bool negated, bool fixed) {
  const std::string condition = fixed ? text : text + " (line " + std::to_string(line) + ")";
  for (Conditions& branch : branches) branch.opaque.emplace_back(condition, negated);
  not_understood.emplace_back(where, text);
}

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> result;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(separator, begin), text.size());
    result.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

std::string text_of(const Given& given) {
  std::string text(given.name);
  for (const std::string_view value : given.values) text += " " + quoted(value);
  return text;
}

std::string text_of(std::string_view before, const std::vector<Given>& all) {
  std::string text(before);
  for (const Given& given : all) text += (given.negated ? " ! " : " ") + text_of(given);
  return text;
}

const Given* find(const std::vector<Given>& all, Option option) {
  const auto known = std::ranges::find(all, option, &Given::option);
  return known == all.end() ? nullptr : &*known;
}

}  // namespace portpolicy::iptables::text
