#include "compiler/base/limit.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "compiler/base/decimal.h"

namespace portpolicy {
namespace {

constexpr std::array units{Limit::Unit::second, Limit::Unit::minute, Limit::Unit::hour, Limit::Unit::day};
constexpr std::string_view form = "; a limit is `N/second|minute|hour|day [burst N] [per source]`";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    if (space != 0) words.push_back(text.substr(0, space));
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return words;
}

std::optional<Limit::Unit> unit_named(std::string_view name) {
  for (const Limit::Unit unit : units) {
    if (to_string(unit) == name) return unit;
  }
  return std::nullopt;
}

Result<Limit> parse_rate(std::string_view word) {
  const std::size_t slash = word.find('/');
  if (slash == std::string_view::npos) return fail(quoted(word) + " has no unit of time" + std::string(form));
  const Result<std::uint32_t> rate = parse_decimal(word.substr(0, slash), 1, Limit::max_rate);
  if (!rate) return fail("the rate is wrong: " + rate.error().message);
  const std::string_view name = word.substr(slash + 1);
  const std::optional<Limit::Unit> unit = unit_named(name);
  if (!unit) return fail(quoted(name) + " is no unit of time" + std::string(form));
  return Limit{.rate = *rate, .unit = *unit};
}

}  // namespace

Result<Limit> Limit::parse(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  if (words.empty()) return fail("the limit is empty" + std::string(form));
  Result<Limit> limit = parse_rate(words[0]);
  if (!limit) return limit;
  std::size_t next = 1;
  if (next < words.size() && words[next] == "burst") {
    if (next + 1 == words.size()) return fail("after `burst` stands a number" + std::string(form));
    const Result<std::uint32_t> burst = parse_decimal(words[next + 1], 1, max_burst);
    if (!burst) return fail("the burst is wrong: " + burst.error().message);
    limit->burst = *burst;
    next += 2;
  }
  if (next + 1 < words.size() && words[next] == "per" && words[next + 1] == "source") {
    limit->per_source = true;
    next += 2;
  }
  if (next < words.size()) return fail(quoted(words[next]) + " is not expected here" + std::string(form));
  return limit;
}

Limit in_smallest_unit(Limit limit) {
  for (const Limit::Unit unit : {Limit::Unit::second, Limit::Unit::minute, Limit::Unit::hour}) {
    const std::uint64_t in_unit = std::uint64_t{limit.rate} * seconds_in(unit);
    if (unit >= limit.unit || in_unit % seconds_in(limit.unit) != 0) continue;
    limit.rate = static_cast<std::uint32_t>(in_unit / seconds_in(limit.unit));
    limit.unit = unit;
    break;
  }
  return limit;
}

std::string_view to_string(Limit::Unit unit) {
  switch (unit) {
    case Limit::Unit::second:
      return "second";
    case Limit::Unit::minute:
      return "minute";
    case Limit::Unit::hour:
      return "hour";
    case Limit::Unit::day:
      return "day";
  }
  std::unreachable();
}

std::string to_string(const Limit& limit) {
  std::string text = std::to_string(limit.rate) + "/" + std::string(to_string(limit.unit));
  if (limit.burst != Limit::default_burst) text += " burst " + std::to_string(limit.burst);
  if (limit.per_source) text += " per source";
  return text;
}

}  // namespace portpolicy
