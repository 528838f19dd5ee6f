#include "backends/nftables/read_block.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "backends/nftables/read_skip.h"
#include "backends/nftables/read_values.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

struct PriorityName {
  std::string_view name;
  int bridge, others;  ///< in tables of the family bridge, and in all others
};
// nft(8), "Standard priority names".
constexpr std::array priority_names{
    PriorityName{"raw", 0, -300},     PriorityName{"mangle", 0, -150}, PriorityName{"dstnat", -300, -100},
    PriorityName{"filter", -200, 0},  PriorityName{"security", 0, 50}, PriorityName{"out", 100, 0},
    PriorityName{"srcnat", 300, 100},
};

bool is_type(std::string_view name) {
  constexpr std::array<std::string_view, 31> others{
      "mark",     "ether_addr", "ll_addr", "time",     "boolean",   "ct_dir",       "ct_status",   "ct_label",
      "ct_event", "dscp",       "ecn",     "tcp_flag", "uid",       "gid",          "iface_type",  "pkt_type",
      "devgroup", "icmpx_code", "arp_op",  "cgroup",   "cgroupsv2", "realm",        "classid",     "igmp_type",
      "mh_type",  "hour",       "day",     "cgroupv2", "policy",    "dccp_pkttype", "fib_addrtype"};
  return type_named(name).has_value() || std::ranges::find(others, name) != others.end();
}

bool is_break(char c) {
  return c == '\n' || c == ';' || c == '{' || c == '}' || c == '"' || c == '#' || c == '\\';
}

}  // namespace

bool Block::refuse(const Token& where, std::string message, std::string help) {
  if (where.kind != Kind::bad) {
    Extent extent = source_.extent(where.text);
    if (where.is_end() || where.kind == Kind::newline) extent = {lexer_.last_end(), lexer_.last_end()};
    source_.refuse(extent, std::move(message), std::move(help));
  }
  return false;
}

bool Block::ends_here() {
  const Token& token = lexer_.peek();
  if (token.is_end()) return true;
  if (token.is("}")) return refuse(token, "nft expects a line break or `;` before this brace");
  if (token.kind != Kind::newline && !token.is(";")) return refuse(token, "nft expects the end of the statement here");
  lexer_.next();
  return true;
}

/// Where a statement that goes on from here ends: at a `;`, a line break or a `}` outside of its own braces.
std::uint32_t Block::end_of_statement(std::uint32_t from) const {
  const std::string_view text = source_.text();
  int depth = 0;
  for (std::size_t at = from; at < text.size(); ++at) {
    while (at < text.size() && !is_break(text[at])) ++at;
    if (at == text.size()) break;
    const char c = text[at];
    if (c == '{') ++depth;
    if (c == '"' || c == '#') {
      at = text.find(c == '"' ? '"' : '\n', at + 1);
      if (at == std::string_view::npos) break;
      if (c == '#') --at;
    }
    if (c == '\\') ++at;
    if (depth == 0 && (c == '\n' || c == ';' || c == '}')) return static_cast<std::uint32_t>(at);
    if (c == '}') --depth;
  }
  return static_cast<std::uint32_t>(text.size());
}

std::uint32_t Block::end_of_braces(std::uint32_t open) const {
  const std::string_view text = source_.text();
  int depth = 0;
  for (std::size_t at = open; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return static_cast<std::uint32_t>(at);
    if (c != '"' && c != '#') continue;
    at = text.find(c == '"' ? '"' : '\n', at + 1);
    if (at == std::string_view::npos) break;
  }
  return static_cast<std::uint32_t>(text.size());
}

bool Block::skip_to_end() {
  lexer_.jump_to(end_of_statement(lexer_.position()));
  return true;
}

void Block::skip_command(const Token& first) {
  const std::uint32_t begin = source_.extent(first.text).begin;
  const std::uint32_t end = end_of_statement(begin);
  lexer_.newlines(Lexer::Newlines::are_tokens);
  lexer_.jump_to(std::max(end, std::min(lexer_.position(), static_cast<std::uint32_t>(source_.text().size()))));
  if (lexer_.peek().is("}")) lexer_.next();
}

bool Block::braces(Extent& inside) {
  const std::uint32_t open = lexer_.position();
  const std::string_view text = source_.text();
  if (open < text.size() && text[open] == '$') {
    std::uint32_t end = open + 1;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '_' ||
                                 text[end] == '-' || text[end] == '.' || text[end] == '/'))
      ++end;
    inside = {open, end};
    lexer_.jump_to(end);
    return true;
  }
  if (!lexer_.peek().is("{")) return refuse(lexer_.peek(), "nft expects `{` here");
  const std::uint32_t close = end_of_braces(open);
  if (close == text.size()) return refuse(lexer_.peek(), "this brace is never closed");
  inside = {open + 1, close};
  lexer_.jump_to(close + 1);
  return true;
}

bool Block::definition() {
  const bool again = lexer_.peek().is("redefine");
  if (lexer_.peek().is("undefine")) {
    lexer_.next();
    const Token name = lexer_.next();
    definitions_.add(name.text, {{}, lexer_.last_end(), UINT32_MAX, true});
    return true;
  }
  if (!again && !lexer_.peek().is("define")) return false;
  lexer_.next();
  const Token name = lexer_.next();
  if (name.kind != Kind::word) return refuse(name, "the name of a variable is missing") || true;
  if (!lexer_.peek().is("=")) return refuse(lexer_.peek(), "nft expects `=` here") || true;
  const std::uint32_t begin = lexer_.last_end() + 1;
  const std::uint32_t from = static_cast<std::uint32_t>(source_.text().find('=', begin - 1)) + 1;
  const std::uint32_t end = end_of_statement(from);
  definitions_.add(name.text, {{from, end}, end, UINT32_MAX, false});
  lexer_.jump_to(end);
  return true;
}

bool Block::table(Table& table) {
  const Token open = lexer_.next();
  const std::uint32_t begin = source_.extent(open.text).begin;
  family_ = table.family;
  while (!lexer_.take("}")) {
    const Token first = lexer_.peek();
    if (first.is_end()) return refuse(open, "this brace is never closed");
    if (first.kind == Kind::newline || first.is(";")) {
      lexer_.next();
      continue;
    }
    if (table_part(table) && (ends_here() || lexer_.peek().is("}"))) continue;
    if (first.kind == Kind::bad) lexer_.next();
    skip_command(first);
  }
  definitions_.end_block(begin, lexer_.last_end());
  return true;
}

bool Block::table_part(Table& table) {
  if (definition()) return true;
  const Token what = lexer_.next();
  if (what.is("flags")) {
    while (lexer_.peek().is_name() || lexer_.peek().is(","))
      if (lexer_.next().is("dormant")) table.dormant = true;
    return true;
  }
  if (what.is("comment")) return skip_to_end();
  for (const std::string_view other : {"counter", "quota", "flowtable", "secmark", "synproxy", "ct"})
    if (what.is(other)) return skip_to_end();
  for (const std::string_view part : {"chain", "set", "map", "limit"}) {
    if (!what.is(part)) continue;
    const Token name = lexer_.next();
    if (!name.is_name()) return refuse(name, "the name of a " + std::string(part) + " is missing");
    if (!name.is_identifier()) return refuse(name, "this is no name for a " + std::string(part));
    if (what.is("chain")) return chain(table, name);
    if (what.is("limit")) return limit(table, name);
    return set(table, name, what.is("map"));
  }
  return refuse(what, "nft has nothing of this name in a table");
}

bool Block::chain(Table& table, const Token& name) {
  family_ = table.family;
  Chain& chain = table.chains.get(name.text);
  if (chain.where.end == 0) chain.where = source_.extent(name.text);
  if (!lexer_.peek().is("{")) return true;
  const Token open = lexer_.next();
  while (!lexer_.take("}")) {
    const Token first = lexer_.peek();
    if (first.is_end()) return refuse(open, "this brace is never closed");
    if (first.kind == Kind::newline || first.is(";")) {
      lexer_.next();
      continue;
    }
    if (first.kind == Kind::bad) lexer_.next();
    else if (!chain_part(chain)) skip_to_end();
    else if (!ends_here()) skip_to_end();
  }
  definitions_.end_block(source_.extent(open.text).begin, lexer_.last_end());
  return true;
}

bool Block::chain_part(Chain& chain) {
  const Token& first = lexer_.peek();
  if (first.is("type")) return hook(chain);
  if (first.is("policy")) return policy(chain);
  if (first.is("comment") || first.is("flags") || first.is("devices") || first.is("device")) return skip_to_end();
  return definition() || rule(chain, chain.rules.size());
}

bool Block::hook(Chain& chain) {
  Hook hook;
  hook.where = {lexer_.position(), end_of_statement(lexer_.position())};
  lexer_.next();
  const Token type = lexer_.next();
  if (!type.is("filter") && !type.is("nat") && !type.is("route")) return refuse(type, "nft has no such type of chain");
  if (!lexer_.take("hook")) return refuse(lexer_.peek(), "nft expects `hook` here");
  hook.type = type.text;
  const Token name = lexer_.next();
  constexpr std::array names{"prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"};
  if (std::ranges::find(names, name.text) == names.end()) return refuse(name, "nft has no such hook");
  hook.name = name.text;
  while (!lexer_.peek().is("priority")) {
    if (lexer_.at_end() || lexer_.peek().kind == Kind::newline || lexer_.peek().is(";"))
      return refuse(lexer_.peek(), "the chain has no priority");
    if (lexer_.peek().is("{")) {
      Extent devices;
      if (!braces(devices)) return false;
    } else {
      lexer_.next();
    }
  }
  lexer_.next();
  if (!priority(hook, family_)) return false;
  if (!chain.hook) chain.registered = ++registered_;
  hook.drops = chain.hook && chain.hook->drops;
  chain.hook = hook;
  return true;
}

/// `filter`, `mangle + 5` or `-150`.
bool Block::priority(Hook& hook, std::string_view family) {
  const Token& first = lexer_.peek();
  bool named = false;
  if (first.is_name()) {
    const auto known = std::ranges::find(priority_names, first.text, &PriorityName::name);
    // A word may hold the sign: `filter-5` is one, as nft sees it too.
    if (known == priority_names.end()) return refuse(first, "nft has no such priority");
    hook.priority = family == "bridge" ? known->bridge : known->others;
    named = true;
    lexer_.next();
  }
  const bool minus = lexer_.peek().is("-");
  const bool sign = minus || lexer_.peek().is("+");
  if (named && !sign) return true;
  if (sign) lexer_.next();
  const Token number = lexer_.next();
  if (number.kind != Kind::number || number.value > 0x7fffffff) return refuse(number, "nft expects a number here");
  const int value = static_cast<int>(number.value);
  hook.priority += minus ? -value : value;
  return true;
}

bool Block::policy(Chain& chain) {
  lexer_.next();
  const Token verdict = lexer_.next();
  if (!verdict.is("accept") && !verdict.is("drop")) return refuse(verdict, "nft has no such policy");
  if (!chain.hook) return refuse(verdict, "only a chain with a hook has a policy");
  chain.hook->drops = verdict.is("drop");
  return true;
}

bool Block::rule(Chain& chain, std::size_t place) {
  const std::uint32_t begin = lexer_.position();
  const std::uint32_t end = end_of_statement(begin);
  if (begin == end) return refuse(lexer_.peek(), "the rule is missing");
  chain.rules.insert(chain.rules.begin() + static_cast<std::ptrdiff_t>(place), {begin, end});
  lexer_.jump_to(end);
  return true;
}

bool Block::set(Table& table, const Token& name, bool is_map) {
  Set& set = table.sets.get(name.text);
  set.is_map = is_map;
  set.where = source_.extent(name.text);
  if (!lexer_.take("{")) return refuse(lexer_.peek(), "nft expects `{` here");
  while (!lexer_.take("}")) {
    if (lexer_.at_end()) return refuse(name, "the braces of this set are never closed");
    if (lexer_.peek().kind == Kind::newline || lexer_.peek().is(";")) {
      lexer_.next();
      continue;
    }
    const bool may_end = lexer_.peek().is("elements") || lexer_.peek().is("auto-merge");
    if (!set_part(set)) return false;
    if (!may_end && !ends_here()) return false;
  }
  if (set.key_type.end == 0) return refuse(name, "the set has no type");
  return true;
}

bool Block::set_part(Set& set) {
  const Token what = lexer_.next();
  if (what.is("type") || what.is("typeof")) {
    set.is_typeof = what.is("typeof");
    return types(set);
  }
  if (what.is("flags")) return flags(set);
  if (what.is("auto-merge")) return set.auto_merge = true;
  if (what.is("timeout")) return set.timeout = time_span(set.timeout_milliseconds);
  if (what.is("gc-interval")) {
    Uint128 ignored = 0;
    return time_span(ignored);
  }
  if (what.is("elements")) {
    if (!lexer_.take("=")) return refuse(lexer_.peek(), "nft expects `=` here");
    set.elements.push_back({{}, false, true});
    return braces(set.elements.back().inside);
  }
  // With these, an element is found only as long as they allow it.
  if (what.is("limit") || what.is("quota") || what.is("ct")) set.dynamic = true;
  if (what.is("limit") || what.is("quota") || what.is("ct") || what.is("counter")) set.has_statement = true;
  for (const std::string_view other : {"limit", "quota", "ct"})
    if (what.is(other)) return skip_to_end();
  if (what.is("size")) return number();
  if (what.is("policy"))
    return lexer_.take("memory") || lexer_.take("performance") || refuse(lexer_.peek(), "nft has no such policy");
  if (what.is("comment")) return lexer_.next().is_name() || refuse(lexer_.peek(), "nft expects a text here");
  if (what.is("counter")) return !lexer_.take("packets") || (number() && lexer_.take("bytes") && number());
  return refuse(what, "nft has nothing of this name in a set");
}

bool Block::number() {
  if (lexer_.peek().kind != Kind::number) return refuse(lexer_.peek(), "nft expects a number here");
  lexer_.next();
  return true;
}

bool Block::time_span(Uint128& milliseconds) {
  const Token token = lexer_.peek();
  const std::optional<Uint128> span = token.kind == Kind::word ? read_time_span(token.text) : std::nullopt;
  if (!span) return refuse(token, "nft expects a span of time here, such as `1h30m`");
  milliseconds = *span;
  lexer_.next();
  return true;
}

bool Block::flags(Set& set) {
  do {
    const Token flag = lexer_.next();
    if (flag.is("interval")) set.interval = true;
    else if (flag.is("timeout")) set.timeout = true;
    else if (flag.is("dynamic")) set.dynamic = true;
    else if (!flag.is("constant")) return refuse(flag, "nft has no such flag");
  } while (lexer_.take(","));
  return true;
}

/// Of a map, what stands before and behind the colon.
bool Block::types(Set& set) {
  set.key_type.begin = lexer_.position();
  if (set.is_typeof) {
    const Token first = lexer_.peek();
    if (!skip_fields(lexer_)) return refuse(first, "nft has no such field");
  } else {
    do {
      if (lexer_.peek().kind != Kind::word || !is_type(lexer_.peek().text))
        return refuse(lexer_.peek(), "nft has no such type");
      lexer_.next();
    } while (lexer_.take("."));
  }
  set.key_type.end = lexer_.last_end();
  const Token& colon = lexer_.peek();
  if (set.is_map != colon.is(":"))
    return refuse(colon, set.is_map ? "nft expects `:` and a type here" : "only a map has a second type");
  if (!lexer_.take(":")) return true;
  const std::uint32_t end = end_of_statement(lexer_.position());
  set.value_type = {lexer_.position(), end};
  lexer_.jump_to(end);
  return true;
}

bool Block::limit(Table& table, const Token& name) {
  Object& limit = table.limits.get(name.text);
  return braces(limit.inside);
}

bool Block::elements(Set& set, bool removes) {
  set.elements.push_back({{}, removes, false});
  return braces(set.elements.back().inside);
}

}  // namespace portpolicy::nft::text
