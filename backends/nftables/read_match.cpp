#include "backends/nftables/read_match.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/nftables/read_skip.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

std::vector<Range> merged(std::vector<Range> ranges) {
  return IntervalSet<Uint128>::of(std::move(ranges)).intervals();
}

/// `!=`, `<` and so on; empty where none stands, which the comparison with a single bit makes different from `==`.
std::string_view read_operator(Lexer& lexer) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 13> operators{{
      {"==", "=="},
      {"eq", "=="},
      {"!=", "!="},
      {"ne", "!="},
      {"<", "<"},
      {"lt", "<"},
      {">", ">"},
      {"gt", ">"},
      {"<=", "<="},
      {"le", "<="},
      {">=", ">="},
      {"ge", ">="},
      {"!", "!"},
  }};
  for (const auto& [written, meant] : operators)
    if (lexer.take(written)) return meant;
  return {};
}

/// `KEY : VERDICT, ...`, whatever the keys are, up to a closing brace, which is taken, or the end.
template <class Add>
bool read_actions(Lexer& lexer, Add add) {
  while (!lexer.at_end() && !lexer.take("}")) {
    const Lexer key = lexer;
    while (!lexer.at_end() && !lexer.peek().is(":")) lexer.next();
    const std::string text = key.text_up_to(lexer);
    if (!lexer.take(":")) return false;
    const std::optional<Action> action = read_verdict(lexer);
    if (!action) return false;
    add(text, *action);
    if (!lexer.take(",") && !lexer.at_end() && !lexer.peek().is("}")) return false;
  }
  return true;
}

class Reader {
 public:
  Reader(const RuleContext& context, Lexer& lexer, Rule& rule)
      : context_(context), lexer_(lexer), rule_(rule), before_(lexer) {}

  bool match();

 private:
  bool states();
  bool state_bits(Uint128& bits);
  bool fields(std::vector<Key> keys);
  bool compare(const Key& key, std::string_view op);
  bool named_set(std::vector<Key> keys, bool negated);
  bool anonymous_set(std::vector<Key> keys, bool negated);
  bool map(std::vector<Key> keys);
  bool unknown();
  bool unknown_condition(Unknown unknown);
  bool unknown_map(const Unknown& unknown);
  void imply(Unknown& unknown) const;
  bool is_fixed(const std::string& text) const;

  bool refuse(std::string message) {
    const Token& token = lexer_.peek();
    if (token.kind == Kind::bad) return false;
    const Extent at_end{lexer_.last_end(), lexer_.last_end()};
    context_.source.refuse(token.is_end() ? at_end : context_.source.extent(token.text), std::move(message));
    return false;
  }

  const RuleContext& context_;
  Lexer& lexer_;
  Rule& rule_;
  const Lexer before_;
};

bool Reader::match() {
  if (lexer_.take("ct") && lexer_.take("state")) {
    const Token& next = lexer_.peek();
    const bool as_others = next.is(".") || next.is("vmap") || next.is("map") || next.is("{") || next.is("@");
    if (!as_others) return states();
  }
  lexer_ = before_;
  std::optional<std::vector<Key>> keys = read_keys(lexer_);
  return keys ? fields(std::move(*keys)) : unknown();
}

/// Names or numbers with `,` or `|` between them.
bool Reader::state_bits(Uint128& bits) {
  bits = 0;
  const bool open = lexer_.take("(");
  do {
    const Token token = lexer_.next();
    const auto named = number_named(Type::state, token.text);
    if (!named && token.kind != Kind::number) {
      if (token.is_name()) context_.source.refuse(context_.source.extent(token.text), "nft knows no such state");
      return false;
    }
    bits |= named ? *named : token.value;
  } while (lexer_.take(",") || lexer_.take("|") || lexer_.take("or"));
  return !open || lexer_.take(")");
}

/// A packet has one state, which is one bit; without an operator nft asks whether it is among several, with one it
/// compares.
bool Reader::states() {
  Uint128 mask = greatest(Type::state), value = 0, last = 0;
  const bool masked = lexer_.take("&") || lexer_.take("and");
  if (masked && !state_bits(mask)) return unknown();
  const std::string_view op = read_operator(lexer_);
  if (lexer_.peek().is("{") || lexer_.peek().is("@")) {
    const Key key{Field::state, Type::state, 0, {}};
    if (masked || (!op.empty() && op != "==" && op != "!=")) return unknown();
    return lexer_.next().is("{") ? anonymous_set({key}, op == "!=") : named_set({key}, op == "!=");
  }
  if (!state_bits(value)) return unknown();
  last = value;
  const bool range = lexer_.take("-");
  if (range && (!state_bits(last) || (op != "!=" && !op.empty() && op != "=="))) return unknown();
  if (lexer_.peek().is("/")) return unknown();
  const auto holds = [&](Uint128 state) {
    state &= mask;
    if (range) return (state >= value && state <= last) != (op == "!=");
    if (op.empty() && !masked) return (state & value) != 0;
    if (op == "!") return (state & value) == 0;
    if (op == "!=") return state != value;
    if (op == "<") return state < value;
    if (op == ">") return state > value;
    if (op == "<=") return state <= value;
    if (op == ">=") return state >= value;
    return state == value;
  };
  std::vector<Range> ranges;
  for (const Uint128 state : {Uint128{1}, Uint128{2}, Uint128{4}, Uint128{8}, Uint128{64}})
    if (holds(state)) ranges.push_back({state, state});
  rule_.matches.emplace_back(Test{{Field::state, Type::state, 0, {}}, std::move(ranges), false});
  return true;
}

bool Reader::fields(std::vector<Key> keys) {
  if (lexer_.take("set")) {
    lexer_ = before_;
    skip_statement(lexer_);
    Unknown does;
    does.text = before_.text_up_to(lexer_);
    does.fixed = false;
    does.where = {before_.position(), lexer_.last_end()};
    rule_.does_anything = std::move(does);
    return true;
  }
  if (lexer_.take("vmap")) return map(std::move(keys));
  if (lexer_.peek().is("map")) return unknown();
  const std::string_view op = read_operator(lexer_);
  const bool equality = op.empty() || op == "==" || op == "!=";
  if (lexer_.peek().is("@") && equality) {
    lexer_.next();
    return named_set(std::move(keys), op == "!=");
  }
  if (lexer_.peek().is("{") && equality) {
    lexer_.next();
    return anonymous_set(std::move(keys), op == "!=");
  }
  if (keys.size() != 1 || op == "!") return unknown();
  return compare(keys[0], op);
}

bool Reader::compare(const Key& key, std::string_view op) {
  Range range;
  const Read read = read_range(context_.source, lexer_, key.type, context_.interfaces, range);
  if (read == Read::refused) return false;
  if (read == Read::unknown) return unknown();
  const Uint128 most = greatest(key.type);
  const bool ordered = !op.empty() && op != "==" && op != "!=";
  if (ordered && (key.field == Field::in_interface || key.field == Field::out_interface)) return unknown();
  std::vector<Range> ranges;
  if (op == "<" && range.first > 0) ranges.push_back({0, range.first - 1});
  if (op == "<=") ranges.push_back({0, range.first});
  if (op == ">" && range.first < most) ranges.push_back({range.first + 1, most});
  if (op == ">=") ranges.push_back({range.first, most});
  if (!ordered) ranges.push_back(range);
  rule_.matches.emplace_back(Test{key, std::move(ranges), op == "!="});
  return true;
}

bool Reader::named_set(std::vector<Key> keys, bool negated) {
  const Token name = lexer_.next();
  const Set* set = context_.table.sets.find(name.text);
  if (set == nullptr || set->is_map) {
    context_.source.refuse(context_.source.extent(name.text),
                           "there is no set `" + std::string(name.text) + "` in this table");
    return false;
  }
  rule_.matches.emplace_back(
      Lookup{std::move(keys), set, 0, negated, before_.text_up_to(lexer_), {before_.position(), lexer_.last_end()}});
  return true;
}

bool Reader::anonymous_set(std::vector<Key> keys, bool negated) {
  std::vector<Type> types;
  for (const Key& key : keys) types.push_back(key.type);
  Elements elements;
  const Read read = context_.sets.anonymous(lexer_, std::move(types), false, elements);
  if (read == Read::refused) return false;
  if (read == Read::unknown) return unknown();
  if (keys.size() == 1) {
    if (elements.has_others) elements.ranges = {{0, greatest(keys[0].type)}};
    rule_.matches.emplace_back(Test{keys[0], merged(std::move(elements.ranges)), negated});
  } else {
    rule_.matches.emplace_back(Lookup{std::move(keys),
                                      nullptr,
                                      rule_.own.size(),
                                      negated,
                                      before_.text_up_to(lexer_),
                                      {before_.position(), lexer_.last_end()}});
    rule_.own.push_back(std::move(elements));
  }
  return true;
}

bool Reader::map(std::vector<Key> keys) {
  if (rule_.map || !rule_.unknown_map.empty()) return refuse("a second verdict map is not read");
  Lookup lookup{std::move(keys), nullptr, rule_.own.size(), false, {}, {}};
  if (lexer_.take("@")) {
    const Token name = lexer_.next();
    lookup.set = context_.table.sets.find(name.text);
    if (lookup.set == nullptr || !lookup.set->is_map) {
      context_.source.refuse(context_.source.extent(name.text),
                             "there is no map `" + std::string(name.text) + "` in this table");
      return false;
    }
  } else {
    if (!lexer_.take("{")) return refuse("nft expects `{` or `@` here");
    std::vector<Type> types;
    for (const Key& key : lookup.keys) types.push_back(key.type);
    Elements elements;
    const Read read = context_.sets.anonymous(lexer_, std::move(types), true, elements);
    if (read == Read::refused) return false;
    if (read == Read::unknown) return unknown();
    rule_.own.push_back(std::move(elements));
  }
  lookup.text = before_.text_up_to(lexer_);
  lookup.where = {before_.position(), lexer_.last_end()};
  rule_.map = std::move(lookup);
  return true;
}

/// From the beginning again, without understanding it.
bool Reader::unknown() {
  lexer_ = before_;
  if (!skip_fields(lexer_)) {
    lexer_ = before_;
    return refuse("nft has no such statement");
  }
  if (lexer_.take("set")) {
    rule_.changes = true;
    const Lexer value = lexer_;
    if (skip_fields(lexer_)) return !lexer_.take("map") || skip_values(lexer_) || refuse("nft expects a map here");
    lexer_ = value;
    return skip_values(lexer_) || refuse("nft expects a value here");
  }
  Unknown unknown;
  unknown.text = before_.text_up_to(lexer_);
  imply(unknown);
  if (lexer_.peek().is("vmap")) return unknown_map(unknown);
  return unknown_condition(std::move(unknown));
}

bool Reader::unknown_condition(Unknown unknown) {
  const std::string_view op = read_operator(lexer_);
  const bool over = lexer_.take("over");
  const Lexer values = lexer_;
  if (!skip_values(lexer_)) return refuse("nft expects a value here");
  // Of flags nft asks something else without an operator than with one, so they are not turned around.
  const bool of_flags = unknown.text.contains("flags") || unknown.text.starts_with("ct ");
  unknown.negated = op == "!=" && !of_flags && !over;
  const bool masked = unknown.text.contains(" & ") || unknown.text.contains(" | ") || unknown.text.contains(" ^ ");
  if (!op.empty() && !unknown.negated && (of_flags || op != "==")) unknown.text += " " + std::string(op);
  else if (masked && !of_flags) unknown.text += " ==";
  if (over) unknown.text += " over";
  unknown.text += " " + values.text_up_to(lexer_);
  unknown.fixed = is_fixed(unknown.text);
  unknown.where = {before_.position(), lexer_.last_end()};
  rule_.matches.emplace_back(std::move(unknown));
  return true;
}

/// Each verdict behind a condition of its own.
bool Reader::unknown_map(const Unknown& unknown) {
  if (rule_.map || !rule_.unknown_map.empty()) return refuse("a second verdict map is not read");
  lexer_.next();
  const auto add = [&](const std::string& key, const Action& action) {
    Unknown condition = unknown;
    condition.text += " " + key;
    condition.fixed = is_fixed(condition.text);
    condition.where = {before_.position(), lexer_.last_end()};
    rule_.unknown_map.emplace_back(std::move(condition), action);
  };
  if (lexer_.take("@")) {
    const Token name = lexer_.next();
    const Set* set = context_.table.sets.find(name.text);
    if (set == nullptr) return refuse("there is no map `" + std::string(name.text) + "` in this table");
    bool known = !set->timeout && !set->dynamic && !context_.sets.changes(set->name);
    for (const Set::Elements& part : set->elements) {
      Lexer inside(context_.source, context_.definitions, part.inside, Lexer::Newlines::are_spaces);
      inside.take("{");  // of a variable
      known = known && !part.removes && read_actions(inside, add);
    }
    if (known) return true;
    rule_.unknown_map.clear();
    rule_.does_anything = unknown;
    rule_.does_anything->text += " vmap @" + std::string(name.text);
    rule_.does_anything->where = {before_.position(), lexer_.last_end()};
    return true;
  }
  if (!lexer_.take("{")) return refuse("nft expects `{` or `@` here");
  if (!read_actions(lexer_, add)) return refuse("nft expects a value, `:` and a verdict here");
  return true;
}

/// What nft asks before it looks into a header.
void Reader::imply(Unknown& unknown) const {
  const Token& first = before_.peek();
  if (first.kind != Kind::word) return;
  constexpr std::array<std::pair<std::string_view, std::uint8_t>, 5> transports{
      {{"tcp", 6}, {"udp", 17}, {"sctp", 132}, {"dccp", 33}, {"udplite", 136}}};
  for (const auto& [name, number] : transports)
    if (first.text == name) unknown.protocol = number;
  if (first.text == "ip") unknown.family = Family::ipv4;
  if (first.text == "ip6") unknown.family = Family::ipv6;
}

bool Reader::is_fixed(const std::string& text) const {
  if (text.starts_with("ct ") && !text.starts_with("ct mark") && !text.starts_with("ct direction") &&
      !text.starts_with("ct original") && !text.starts_with("ct reply") && !text.starts_with("ct status"))
    return false;
  if (text.contains("numgen") || text.contains("random") || text.contains('@')) return false;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view word = rest.substr(0, rest.find_first_of(" (),"));
    if (context_.changed.contains(word)) return false;
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  return true;
}

}  // namespace

bool read_match(const RuleContext& context, Lexer& lexer, Rule& rule) {
  return Reader(context, lexer, rule).match();
}

std::set<std::string_view> changed_in(std::string_view script) {
  std::set<std::string_view> words;
  constexpr std::string_view spaces = " \t\r\n\\";
  const auto is_space = [&](std::size_t at) { return at >= script.size() || spaces.contains(script[at]); };
  for (std::size_t at = script.find("set"); at != std::string_view::npos; at = script.find("set", at + 1)) {
    if (at == 0 || !is_space(at - 1) || !is_space(at + 3)) continue;
    const std::size_t last = script.find_last_not_of(spaces, at - 1);
    if (last == std::string_view::npos) continue;
    const std::size_t begin = script.find_last_of(" \t\r\n\\;{}", last) + 1;
    if (begin <= last) words.insert(script.substr(begin, last + 1 - begin));
  }
  return words;
}

}  // namespace portpolicy::nft::text
