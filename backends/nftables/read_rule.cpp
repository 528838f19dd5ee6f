#include "backends/nftables/read_rule.h"

#include <algorithm>
#include <array>

#include "backends/nftables/read_match.h"
#include "backends/nftables/read_skip.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;
using K = Action::Kind;

class Reader {
 public:
  Reader(const RuleContext& context, Extent where)
      : context_(context), lexer_(context.source, context.definitions, where, Lexer::Newlines::are_spaces) {
    rule_.where = where;
  }

  bool only_limit() {
    LimitUse use;
    bool understood = true;
    return limit_object(use, understood);
  }
  std::optional<Rule> all() {
    while (!lexer_.at_end()) {
      if (rule_.action.kind != K::none && !lexer_.peek().is("comment"))
        return refuse("nft lets nothing stand behind a verdict"), std::nullopt;
      const bool mapped = rule_.map || !rule_.unknown_map.empty();
      const std::size_t matches = rule_.matches.size(), limits = rule_.limits.size();
      if (!statement()) return std::nullopt;
      const bool asks = rule_.matches.size() > matches || rule_.limits.size() > limits;
      if (mapped && asks && rule_.action.kind == K::none) {
        // Only what the map lets go on comes to it.
        rule_.matches.resize(matches);
        behind_map_ = true;
      }
    }
    if (behind_map_) {
      Unknown whole;
      whole.text = context_.source.text(rule_.where);
      whole.where = rule_.where;
      whole.fixed = false;
      rule_.does_anything = std::move(whole);
    }
    return std::move(rule_);
  }

 private:
  bool statement();
  bool verdict();
  bool reject();
  bool log();
  bool log_flags();
  bool answer(std::optional<Family> family);
  bool counter();
  bool limit();
  struct Amount {
    Uint128 value = 0;
    bool of_bytes = false;
    std::string_view behind_slash;
  };
  bool amount(Amount& amount);
  bool limit_rate(LimitUse& use, bool& understood);
  bool limit_object(LimitUse& use, bool& understood);
  bool set_statement();
  bool is_set(const Token& name);
  bool per_source(std::string_view name, bool renews);
  bool flow();
  bool quota();
  bool side_effect();
  bool does_anything(const Lexer& before);

  void add(LimitUse use) {
    use.before = rule_.matches.size();
    rule_.limits.push_back(std::move(use));
  }
  void ask_first(Test test) {
    rule_.matches.insert(rule_.matches.begin(), std::move(test));
    for (LimitUse& use : rule_.limits) ++use.before;
  }
  bool refuse(std::string message) {
    const Token& token = lexer_.peek();
    if (token.kind == Kind::bad) return false;
    const Extent where =
        token.is_end() ? Extent{lexer_.last_end(), lexer_.last_end()} : context_.source.extent(token.text);
    context_.source.refuse(where, std::move(message));
    return false;
  }
  Unknown unknown_since(const Lexer& before, bool fixed) const {
    Unknown unknown;
    unknown.text = before.text_up_to(lexer_);
    unknown.fixed = fixed;
    unknown.where = extent_since(before);
    return unknown;
  }
  Extent extent_since(const Lexer& before) const { return {before.position(), lexer_.last_end()}; }

  const RuleContext& context_;
  Lexer lexer_;
  Rule rule_;
  bool behind_map_ = false;
};

bool Reader::statement() {
  const Token& token = lexer_.peek();
  if (token.kind == Kind::bad) return false;
  if (token.kind == Kind::word) {
    if (verdict()) return true;
    if (token.is("reject")) return reject();
    if (token.is("counter")) return counter();
    if (token.is("log")) return log();
    if (token.is("limit")) return limit();
    if (token.is("comment")) {
      lexer_.next();
      if (!lexer_.peek().is_name()) return refuse("nft expects a text here");
      lexer_.next();
      return lexer_.at_end() || refuse("nft lets nothing stand behind a comment");
    }
    if (token.is("quota") || token.is("last")) return quota();
    for (const std::string_view word : {"add", "update", "delete", "set", "meter"})
      if (token.is(word)) return set_statement();
    if (token.is("flow")) return flow();
    if (side_effect()) return true;
  }
  return read_match(context_, lexer_, rule_);
}

bool Reader::verdict() {
  if (const std::optional<Action> action = read_verdict(lexer_)) {
    rule_.action = *action;
    return true;
  }
  return false;
}

bool Reader::reject() {
  const Lexer before = lexer_;
  lexer_.next();
  rule_.action.kind = K::reject;
  std::optional<Family> family;
  std::optional<std::uint8_t> protocol;
  if (lexer_.take("with")) {
    if (lexer_.take("tcp")) {
      if (!lexer_.take("reset")) return refuse("nft expects `reset` here");
      protocol = 6;
    } else {
      if (lexer_.take("icmp")) family = Family::ipv4;
      else if (lexer_.take("icmpv6")) family = Family::ipv6;
      else if (!lexer_.take("icmpx")) return refuse("nft has no such answer");
      lexer_.take("type");
      if (!answer(family)) return refuse("nft has no such answer");
    }
  }
  // nft asks these at the beginning of the rule. In tables of both families an answer of one is for its packets only.
  if (protocol) ask_first(Test{{Field::l4proto, Type::protocol, 0, {}}, {{6, 6}}, false});
  if (family) {
    const Uint128 number = *family == Family::ipv4 ? 2 : 10;
    ask_first(Test{{Field::nfproto, Type::nfproto, 0, {}}, {{number, number}}, false});
  }
  rule_.action.where = extent_since(before);
  return true;
}

/// Of both families where none is given.
bool Reader::answer(std::optional<Family> family) {
  constexpr std::array<std::string_view, 4> of_both{"no-route", "port-unreachable", "host-unreachable",
                                                    "admin-prohibited"};
  const Token& code = lexer_.peek();
  const Uint128 most = !family ? of_both.size() - 1 : family == Family::ipv4 ? 15 : 255;
  bool known = code.kind == Kind::number && code.value <= most;
  if (code.kind == Kind::word && !family) known = std::ranges::find(of_both, code.text) != of_both.end();
  if (code.kind == Kind::word && family)
    known = number_named(family == Family::ipv4 ? Type::icmp_code : Type::icmpv6_code, code.text).has_value();
  if (known) lexer_.next();
  return known;
}

bool Reader::counter() {
  lexer_.next();
  const auto number = [&] {
    return lexer_.peek().kind == Kind::number ? !lexer_.next().is_end() : refuse("nft expects a number here");
  };
  if (lexer_.take("name")) return lexer_.next().is_name() || refuse("nft expects the name of a counter here");
  if (!lexer_.take("packets")) return true;
  return number() && (lexer_.take("bytes") || refuse("nft expects `bytes` here")) && number();
}

bool Reader::log() {
  lexer_.next();
  rule_.log.emplace();
  constexpr std::array<std::string_view, 9> levels{"emerg",  "alert", "crit",  "err",  "warn",
                                                   "notice", "info",  "debug", "audit"};
  for (;;) {
    if (lexer_.take("prefix")) {
      if (!lexer_.peek().is_name()) return refuse("nft expects a text here");
      rule_.log = std::string(lexer_.next().text);
    } else if (lexer_.take("level")) {
      const Token& level = lexer_.peek();
      if (!level.is_name() || std::ranges::find(levels, level.text) == levels.end())
        return refuse("nft has no such level");
      lexer_.next();
    } else if (lexer_.take("group") || lexer_.take("snaplen") || lexer_.take("queue-threshold")) {
      if (lexer_.peek().kind != Kind::number) return refuse("nft expects a number here");
      lexer_.next();
    } else if (lexer_.take("flags")) {
      if (!log_flags()) return refuse("nft has no such flag");
    } else {
      return true;
    }
  }
}

bool Reader::log_flags() {
  if (lexer_.take("ip")) return lexer_.take("options");
  if (!lexer_.take("tcp")) return lexer_.take("skuid") || lexer_.take("ether") || lexer_.take("all");
  do
    if (!lexer_.take("sequence") && !lexer_.take("options")) return false;
  while (lexer_.take(","));
  return true;
}

/// `10`, `10 mbytes` or `10mbytes`, with what stands behind a slash where that is one word with it.
bool Reader::amount(Amount& amount) {
  const Token number = lexer_.peek();
  std::string_view word;
  if (number.kind == Kind::number) {
    amount.value = number.value;
    lexer_.next();
    if (lexer_.peek().kind == Kind::word) word = lexer_.peek().text;
  } else if (number.kind == Kind::word && number.text.find_first_not_of("0123456789") != 0) {
    word = number.text.substr(number.text.find_first_not_of("0123456789"));
  } else {
    return refuse("nft expects a number here");
  }
  for (const std::string_view unit : {"bytes", "kbytes", "mbytes"}) {
    if (word != unit && !word.starts_with(std::string(unit) + "/")) continue;
    amount.of_bytes = true;
    amount.behind_slash = word.substr(std::min(word.size(), unit.size() + 1));
    lexer_.next();
    if (word.ends_with('/')) amount.behind_slash = lexer_.next().text;
  }
  return amount.of_bytes || number.kind == Kind::number || refuse("nft has no such rate");
}

/// `[over] N/unit [burst N packets]`, behind `rate`. Not understood: of bytes, and of more than limits may have here.
bool Reader::limit_rate(LimitUse& use, bool& understood) {
  use.over = lexer_.take("over");
  Amount rate;
  if (!amount(rate)) return false;
  std::string_view unit = rate.behind_slash;
  if (unit.empty()) {
    if (!lexer_.take("/")) return refuse("nft expects `/` and a unit of time here");
    if (lexer_.peek().kind == Kind::word) unit = lexer_.peek().text;
  }
  understood = !rate.of_bytes && rate.value <= Limit::max_rate;
  using Unit = Limit::Unit;
  if (unit == "second") use.limit.unit = Unit::second;
  else if (unit == "minute") use.limit.unit = Unit::minute;
  else if (unit == "hour") use.limit.unit = Unit::hour;
  else if (unit == "day") use.limit.unit = Unit::day;
  else if (unit == "week") understood = false;
  else return refuse("nft has no such unit of time");
  if (rate.behind_slash.empty()) lexer_.next();
  if (rate.value == 0 && !rate.of_bytes) return refuse("a limit lets through at least one packet");
  Amount burst{Limit::default_burst, rate.of_bytes, {}};
  if (lexer_.take("burst")) {
    burst.of_bytes = false;
    if (!amount(burst)) return false;
    if (burst.of_bytes != rate.of_bytes || (!rate.of_bytes && !lexer_.take("packets")))
      return refuse(rate.of_bytes ? "nft expects a number of bytes here" : "nft expects `packets` here");
    if (burst.value == 0 && !rate.of_bytes) return refuse("the burst of a limit is at least one packet");
  }
  understood = understood && burst.value <= Limit::max_burst;
  use.limit.rate = understood ? static_cast<std::uint32_t>(rate.value) : 1;
  use.limit.burst = understood ? static_cast<std::uint32_t>(burst.value) : 1;
  return true;
}

/// The limit of a table, up to its closing brace.
bool Reader::limit_object(LimitUse& use, bool& understood) {
  if (!lexer_.take("rate")) return refuse("nft expects `rate` here");
  if (!limit_rate(use, understood)) return false;
  while (lexer_.take(";")) {}
  if (lexer_.take("comment") && !lexer_.next().is_name()) return refuse("nft expects a text here");
  while (lexer_.take(";")) {}
  return lexer_.at_end() || refuse("nft expects the end of the limit here");
}

bool Reader::limit() {
  const Lexer before = lexer_;
  lexer_.next();
  LimitUse use;
  bool understood = true;
  if (lexer_.take("name")) {
    const Token name = lexer_.next();
    const Object* object = context_.table.limits.find(name.text);
    if (object == nullptr)
      return lexer_ = before, refuse("there is no limit `" + std::string(name.text) + "` in this table");
    Lexer inside(context_.source, context_.definitions, object->inside, Lexer::Newlines::are_spaces);
    std::swap(lexer_, inside);
    const bool read = limit_object(use, understood);
    std::swap(lexer_, inside);
    if (!read) return false;
    use.shared = name.text;
  } else {
    if (!lexer_.take("rate")) return refuse("nft expects `rate` here");
    if (!limit_rate(use, understood)) return false;
  }
  if (understood) add(std::move(use));
  else rule_.matches.emplace_back(unknown_since(before, false));
  return true;
}

/// `update @set { KEY limit rate ... }` and others that write into sets.
bool Reader::set_statement() {
  const Lexer before = lexer_;
  const bool meter = lexer_.peek().is("meter");
  const bool old_form = lexer_.peek().is("set");
  const bool removes = lexer_.peek().is("delete"), renews = lexer_.peek().is("update");
  lexer_.next();
  if (meter || lexer_.take("@")) {
    const Token name = lexer_.peek();
    if (!meter && !is_set(name)) return false;
    lexer_.next();
    if (meter && lexer_.take("size")) lexer_.next();
    if (!removes && lexer_.peek().is("{") && per_source(name.text, renews)) return true;
  }
  lexer_ = before;
  lexer_.next();
  bool read = true;
  if (meter) {
    lexer_.next();
    if (lexer_.take("size")) lexer_.next();
    read = skip_braces(lexer_);
  } else if (old_form) {
    lexer_.next();
    read = skip_fields(lexer_) && lexer_.take("@");
    if (read && !is_set(lexer_.peek())) return false;
    lexer_.next();
  } else {
    read = lexer_.take("@") && lexer_.next().is_name() && lexer_.peek().is("{") && skip_braces(lexer_);
  }
  // It fails when the set is full, and whatever else stands in it may.
  rule_.matches.emplace_back(unknown_since(before, false));
  return read || refuse("nft expects a set and what is added to it here");
}

bool Reader::is_set(const Token& name) {
  return context_.table.sets.find(name.text) != nullptr ||
         refuse("there is no set `" + std::string(name.text) + "` in this table");
}

/// One bucket for each IPv4 address or IPv6 /64. False when it is anything else, or something else than this statement may
/// fill the buckets.
bool Reader::per_source(std::string_view name, bool renews) {
  lexer_.next();
  const std::optional<std::vector<Key>> keys = read_keys(lexer_);
  if (!keys || keys->size() != 1 || (*keys)[0].field != Field::source) return false;
  Key key = (*keys)[0];
  const Uint128 mask = key.mask.value_or(greatest(key.type));
  const Uint128 wanted = key.type == Type::ipv4 ? greatest(Type::ipv4) : ~Uint128{0} << 64;
  if (mask != wanted) return false;
  const Set* const set = context_.table.sets.find(name);
  if (set != nullptr && (!set->elements.empty() || set->has_statement || set->is_map)) return false;
  if (const Elements* elements = set != nullptr ? context_.sets.of(*set) : nullptr)
    if (!elements->types.empty() && elements->types != std::vector{key.type}) return false;
  if (!context_.sets.changes_in_one_way(name)) return false;
  Uint128 timeout = set != nullptr ? set->timeout_milliseconds : 0;
  if (lexer_.take("timeout")) {
    const std::optional<Uint128> span = read_time_span(lexer_.next().text);
    if (!span) return false;
    timeout = *span;
  }
  if (!lexer_.take("limit") || !lexer_.take("rate")) return false;
  LimitUse use;
  bool understood = false;
  if (!limit_rate(use, understood) || !understood || !lexer_.take("}")) return false;
  // Whoever is forgotten begins with a full bucket.
  if (timeout != 0 &&
      (!renews || timeout * use.limit.rate < Uint128{use.limit.burst} * seconds_in(use.limit.unit) * 1000))
    return false;
  use.limit.per_source = true;
  use.shared = name;
  use.is_meter = true;
  key.mask.reset();
  rule_.matches.emplace_back(Test{key, {{0, greatest(key.type)}}, false});
  add(std::move(use));
  return true;
}

/// `flow add @table`
bool Reader::flow() {
  const Lexer before = lexer_;
  lexer_.next();
  if (!lexer_.take("add") && !lexer_.take("offload")) return refuse("nft expects `add` here");
  if (!lexer_.take("@") || !lexer_.next().is_name()) return refuse("nft expects a flow table here");
  rule_.does_beside = extent_since(before);
  return true;
}

/// `quota over 25 mbytes used 3 bytes`, `quota name x`, `last used never`
bool Reader::quota() {
  const Lexer before = lexer_;
  const bool decides = lexer_.next().is("quota");
  if (!decides) {
    if (lexer_.take("used")) lexer_.next();
    return true;
  }
  if (lexer_.take("name")) {
    lexer_.next();
  } else {
    if (!lexer_.take("over")) lexer_.take("until");
    lexer_.next();
    lexer_.next();
    if (lexer_.take("used")) {
      lexer_.next();
      lexer_.next();
    }
  }
  rule_.matches.emplace_back(unknown_since(before, false));
  return true;
}

/// Statements of which nobody knows what they decide. False when it is none of them.
bool Reader::side_effect() {
  const Lexer before = lexer_;
  const Token first = lexer_.next();
  for (const std::string_view known : {"queue", "masquerade", "snat", "dnat", "redirect", "tproxy", "synproxy", "dup",
                                       "fwd", "notrack", "xt", "reset"})
    if (first.is(known)) return does_anything(before);
  lexer_ = before;
  return false;
}

bool Reader::does_anything(const Lexer& before) {
  lexer_ = before;
  skip_statement(lexer_);
  rule_.does_anything = unknown_since(before, false);
  return true;
}

}  // namespace

bool check_limit(const RuleContext& context, Extent where) {
  return Reader(context, where).only_limit();
}

std::optional<Rule> read_rule(const RuleContext& context, Extent where) {
  return Reader(context, where).all();
}

}  // namespace portpolicy::nft::text
