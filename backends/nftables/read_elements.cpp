#include "backends/nftables/read_elements.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "backends/nftables/read_keys.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

/// The sets behind `add @`, `update @` and `delete @`, and those that `set add ... @` names, each with what is done to it.
/// In which table they stand does not matter: too many are only understood less.
std::unordered_map<std::string_view, std::set<std::string>> changed_by_rules(std::string_view text) {
  std::unordered_map<std::string_view, std::set<std::string>> changes;
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n'; };
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::string_view before = text.substr(0, at);
    while (!before.empty() && is_space(before.back())) before.remove_suffix(1);
    std::string_view line = before.substr(before.rfind('\n') + 1);
    std::size_t begin = at + 1;
    while (begin < text.size() && is_space(text[begin])) ++begin;
    std::size_t end = begin;
    while (end < text.size() && !is_space(text[end]) && text[end] != '{' && text[end] != ';') ++end;
    const std::string_view name = text.substr(begin, end - begin);
    for (const std::string_view verb : {"add", "update", "delete"}) {
      const bool old_form = line.contains("set " + std::string(verb) + " ");
      if (!old_form && !before.ends_with(verb)) continue;
      std::string statement(old_form ? line : verb);
      const std::string_view behind = text.substr(end, text.find('}', end) - end);
      std::ranges::copy_if(behind, std::back_inserter(statement), [&](char c) { return !is_space(c); });
      changes[name].insert(std::move(statement));
    }
  }
  return changes;
}

/// The type that a field gives a `typeof` set.
void add_typeof(Lexer& lexer, std::vector<Type>& types, bool& known) {
  const std::optional<std::vector<Key>> keys = read_keys(lexer);
  known = keys.has_value() && lexer.at_end();
  if (known)
    for (const Key& key : *keys) types.push_back(key.type);
}

}  // namespace

std::optional<Action> read_verdict(Lexer& lexer) {
  Action action;
  action.where = {lexer.position(), lexer.position()};
  using K = Action::Kind;
  if (lexer.take("accept")) action.kind = K::accept;
  else if (lexer.take("drop")) action.kind = K::drop;
  else if (lexer.take("continue")) action.kind = K::go_on;
  else if (lexer.take("return")) action.kind = K::go_back;
  else if (lexer.peek().is("jump") || lexer.peek().is("goto")) {
    action.kind = lexer.next().is("jump") ? K::jump : K::go_to;
    action.chain = lexer.next().text;
  } else {
    return std::nullopt;
  }
  action.where.end = lexer.last_end();
  return action;
}

Sets::Sets(const Source& source, const Definitions& definitions, Interfaces& interfaces)
    : source_(source), definitions_(definitions), interfaces_(interfaces), changing_(changed_by_rules(source.text())) {}

const Elements* Sets::of(const Set& set) {
  const auto [known, fresh] = known_.try_emplace(&set);
  if (fresh) known->second.refused = !read(set, known->second.elements);
  return known->second.refused ? nullptr : &known->second.elements;
}

/// None where one of them is not known.
std::vector<Type> Sets::types_of(const Set& set) {
  std::vector<Type> types;
  bool known = true;
  Lexer lexer(source_, definitions_, set.key_type, Lexer::Newlines::are_spaces);
  if (set.is_typeof) {
    add_typeof(lexer, types, known);
  } else {
    do {
      const std::optional<Type> type = type_named(lexer.next().text);
      known = known && type.has_value();
      if (type) types.push_back(*type);
    } while (lexer.take("."));
  }
  if (!known) types.clear();
  return types;
}

bool Sets::read(const Set& set, Elements& elements) {
  elements.types = types_of(set);
  elements.known = !elements.types.empty() && !set.timeout && !set.dynamic && !changes(set.name);
  const bool verdicts = !set.is_map || source_.text(set.value_type).starts_with("verdict");
  if (!verdicts) elements.known = false;
  if (elements.types.empty() || !verdicts) return true;
  bool defined = false, added = false;
  for (const Set::Elements& part : set.elements) {
    Elements some;
    some.types = elements.types;
    Elements& into = part.removes ? some : elements;
    Lexer lexer(source_, definitions_, part.inside, Lexer::Newlines::are_spaces);
    const Read read = read_list(lexer, set.is_map && !part.removes, into, "");
    if (read == Read::refused) return false;
    // nft 1.0.6 leaves intervals where they are that the same script has defined and not added.
    const bool stays = part.removes && set.interval && elements.width() == 1 && defined && !added;
    (part.in_definition ? defined : added) |= !part.removes;
    if (stays || read == Read::unknown || (part.removes && !remove(some, elements))) {
      elements.known = false;
      return true;
    }
  }
  return !elements.known || check(set, elements);
}

/// What `nft -f` finds of single fields before the kernel does. Concatenations are looked at where they are used.
bool Sets::check(const Set& set, const Elements& elements) {
  const auto needs_interval = [&](std::size_t i) {
    const Type type = elements.types[i % elements.width()];
    const bool name = type == Type::interface_name || type == Type::interface_index;
    return name ? interfaces_.pattern(static_cast<std::uint32_t>(elements.ranges[i].first)).wildcard
                : is_wide(elements.ranges[i]);
  };
  bool needed = false;
  for (std::size_t i = 0; !set.interval && i < elements.ranges.size(); ++i) needed = needed || needs_interval(i);
  if (needed) {
    source_.refuse(set.where, "the set holds ranges, prefixes or names with `*`, so it needs `flags interval`");
    return false;
  }
  if (elements.width() != 1 || set.auto_merge || !set.interval) return true;
  std::vector<Range> sorted = elements.ranges;
  std::ranges::sort(sorted);
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].first > sorted[i - 1].last || sorted[i] == sorted[i - 1]) continue;
    source_.refuse(set.where, "elements of this set overlap", "`auto-merge` lets them");
    return false;
  }
  return true;
}

Read Sets::anonymous(Lexer& lexer, std::vector<Type> types, bool is_map, Elements& elements) {
  elements.types = std::move(types);
  if (lexer.peek().is("}")) {
    source_.refuse(source_.extent(lexer.peek().text), "a set in a rule holds something");
    return Read::refused;
  }
  return read_list(lexer, is_map, elements, "}");
}

/// Up to the closing brace, which is taken, or to the end. Braces within braces are one set.
Read Sets::read_list(Lexer& lexer, bool is_map, Elements& elements, std::string_view close) {
  Read all = Read::yes;
  const auto closes = [&] { return close.empty() ? lexer.at_end() : lexer.take(close); };
  while (!closes()) {
    if (lexer.at_end()) {
      source_.refuse({lexer.last_end(), lexer.last_end()}, "nft expects `}` here");
      return Read::refused;
    }
    const Read read = lexer.take("{") ? read_list(lexer, is_map, elements, "}") : read_one(lexer, is_map, elements);
    if (read != Read::yes) all = read;
    if (read == Read::refused) return read;
    if (lexer.take(",") || lexer.at_end() || (!close.empty() && lexer.peek().is(close))) continue;
    const Token& token = lexer.peek();
    if (token.kind != Kind::bad) source_.refuse(source_.extent(token.text), "nft expects `,` or `}` here");
    return Read::refused;
  }
  return all;
}

Read Sets::read_one(Lexer& lexer, bool is_map, Elements& elements) {
  Read all = Read::yes;
  const bool others = lexer.take("*");
  const std::size_t begin = elements.ranges.size();
  for (std::size_t i = 0; !others && i < elements.width(); ++i) {
    if (i > 0 && !lexer.take(".")) {
      if (lexer.peek().kind != Kind::bad)
        source_.refuse(source_.extent(lexer.peek().text), "nft expects `.` and the next field here");
      return Read::refused;
    }
    Range range;
    const Read read = read_range(source_, lexer, elements.types[i], interfaces_, range);
    if (read == Read::refused) return read;
    if (read == Read::unknown) all = read;
    elements.ranges.push_back(range);
  }
  if (!skip_options(lexer)) all = Read::unknown;
  std::uint32_t action = 0;
  if (is_map)
    if (const Read read = read_action(lexer, action, elements); read != Read::yes) return read;
  if (others) {
    elements.has_others = true;
    elements.others = action;
  } else if (all != Read::yes) {
    elements.ranges.resize(begin);
  } else if (is_map) {
    elements.actions.push_back(action);
  }
  return all;
}

Read Sets::read_action(Lexer& lexer, std::uint32_t& action, Elements& elements) {
  const Token& token = lexer.peek();
  if (!lexer.take(":")) {
    if (token.kind != Kind::bad) source_.refuse(source_.extent(token.text), "nft expects `:` and a verdict here");
    return Read::refused;
  }
  const std::optional<Action> verdict = read_verdict(lexer);
  if (!verdict) {
    if (lexer.peek().kind != Kind::bad) source_.refuse(source_.extent(lexer.peek().text), "nft expects a verdict here");
    return Read::refused;
  }
  // In a map of many chains the next element mostly leads to a new one.
  const auto alike = [&](const Action& other) { return other.kind == verdict->kind && other.chain == verdict->chain; };
  if (!elements.distinct.empty() && alike(elements.distinct.back())) {
    action = static_cast<std::uint32_t>(elements.distinct.size() - 1);
  } else {
    action = static_cast<std::uint32_t>(elements.distinct.size());
    elements.distinct.push_back(*verdict);
  }
  skip_options(lexer);
  return Read::yes;
}

/// `timeout 1h expires 3m comment "x" counter packets 1 bytes 60`. False when the element will not stay.
bool Sets::skip_options(Lexer& lexer) {
  bool stays = true;
  for (;;) {
    if (lexer.take("timeout") || lexer.take("expires")) {
      stays = false;
      lexer.next();
    } else if (lexer.take("comment") || lexer.take("packets") || lexer.take("bytes")) {
      lexer.next();
    } else if (lexer.peek().is("limit") || lexer.peek().is("quota") || lexer.peek().is("ct")) {
      stays = false;
      const auto ends = [](const Token& token) { return token.is(",") || token.is(":") || token.is("}"); };
      while (!lexer.at_end() && !ends(lexer.peek())) lexer.next();
    } else if (!lexer.take("counter") && !lexer.take("last") && !lexer.take("never") && !lexer.take("used")) {
      return stays;
    }
  }
}

/// False when one of them is not there as it was added.
bool Sets::remove(const Elements& gone, Elements& from) {
  const auto width = static_cast<std::ptrdiff_t>(from.width());
  for (std::size_t i = 0; i < gone.size(); ++i) {
    const auto wanted = gone.ranges.begin() + static_cast<std::ptrdiff_t>(i) * width;
    bool found = false;
    for (std::size_t at = 0; at < from.size() && !found; ++at) {
      const auto element = from.ranges.begin() + static_cast<std::ptrdiff_t>(at) * width;
      if (!std::equal(wanted, wanted + width, element)) continue;
      from.ranges.erase(element, element + width);
      if (!from.actions.empty()) from.actions.erase(from.actions.begin() + static_cast<std::ptrdiff_t>(at));
      found = true;
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace portpolicy::nft::text
