#include "compiler/syntax/entry.h"

#include <array>
#include <string>
#include <utility>

#include "compiler/syntax/interface.h"
#include "compiler/syntax/network.h"
#include "compiler/syntax/ports.h"
#include "compiler/syntax/service.h"

namespace portpolicy::syntax {
namespace {

constexpr std::array verdicts{Verdict::allow, Verdict::deny, Verdict::reject};

bool is_mapping(Node node, std::string_view what, const Context& context) {
  if (node.is_mapping()) return true;
  if (const std::optional<Mistake> mistake = glued_colon(node)) {
    context.error(mistake->code, node.where(), mistake->message, mistake->help);
  } else {
    context.error(Code::wrong_kind, node.where(),
                  std::string(what) + " is a mapping, not " + std::string(kind_name(node)),
                  "write `allow: ssh`, with further keys on lines of their own");
  }
  return false;
}

/// The one verdict and its services.
template <class Entry>
void read_verdict(const Fields& fields, std::string_view what, const Context& context, Entry& entry) {
  const Fields::Field* found = nullptr;
  for (const Verdict verdict : verdicts) {
    const Fields::Field* field = fields.find(to_string(verdict));
    if (field == nullptr) continue;
    if (found != nullptr) {
      const bool second = found->name.where() < field->name.where();
      const Fields::Field& later = second ? *field : *found;
      const Fields::Field& first = second ? *found : *field;
      context.diagnostics.add(Code::one_verdict, later.name.where(), std::string(what) + " has one verdict, not two",
                              "make two of it, or take one verdict out", {{first.name.where(), "the other one"}});
      return;
    }
    found = field;
    entry.verdict = verdict;
  }
  if (found == nullptr) return;
  entry.verdict_where = found->name.where();
  if (auto services = read_services(found->value, found->key->name, context)) entry.services = *std::move(services);
}

/// Whether some verdict is written, even one without a value, which was reported already.
bool names_verdict(Node mapping) {
  for (auto at = mapping.begin(); at != mapping.end(); ++at, ++at) {
    const Node name = *at;
    if (!name.is_scalar()) continue;
    for (const Verdict verdict : verdicts) {
      if (name.text() == to_string(verdict)) return true;
    }
  }
  return false;
}

void require_verdict(Node mapping, std::string_view what, std::string help, std::size_t errors_before,
                     const Context& context) {
  // An unknown key may be the verdict misspelt.
  if (names_verdict(mapping) || context.diagnostics.errors() != errors_before) return;
  const Span where = mapping.where();
  context.error(Code::one_verdict, where, std::string(what) + " has no verdict", std::move(help));
}

void read_source_ports(const Fields& fields, const Context& context,
                       std::vector<Located<Interval<std::uint16_t>>>& ports) {
  const Fields::Field* field = fields.find("source-port");
  if (field == nullptr) return;
  each_item(field->value, "source-port", context, [&](Node item) {
    if (!item.is_scalar()) {
      context.error(Code::wrong_kind, item.where(), "`source-port` takes ports, not " + std::string(kind_name(item)));
      return false;
    }
    const std::string_view text = item.text();
    const auto range = parse_ports(text);
    if (range) {
      ports.push_back({*range, item.where()});
      return true;
    }
    const bool protocol = text.find('/') != std::string_view::npos;
    context.error(range.error().code, item.where(), range.error().message,
                  protocol ? "write just the port; the protocol stands in the service" : range.error().help);
    return false;
  });
}

void read_interface_key(const Fields& fields, std::string_view key, Direction direction, const Context& context,
                        std::optional<InterfaceExpr>& into) {
  const Fields::Field* field = fields.find(key);
  if (field == nullptr) return;
  const Direction impossible = key == "in" ? Direction::outbound : Direction::inbound;
  if (direction == impossible) {
    const bool in = key == "in";
    context.error(Code::not_in_this_direction, field->name.where(),
                  in ? "packets of `outbound` come in by no interface" : "packets of `inbound` leave by no interface",
                  in ? "write `out`" : "write `in`");
    return;
  }
  into = read_interface(field->value, key, context);
}

void read_network_key(const Fields& fields, std::string_view key, const Context& context,
                      std::optional<NetworkExpr>& into) {
  if (const Fields::Field* field = fields.find(key)) into = read_network(field->value, key, context);
}

void read_text_key(const Fields& fields, std::string_view key, const Context& context,
                   std::optional<Located<std::string>>& into) {
  if (const Fields::Field* field = fields.find(key)) into = read_text(field->value, key, context);
}

/// What rules, claims and tests have in common.
template <class Entry>
void read_packets(const Fields& fields, Direction direction, const Context& context, Entry& entry) {
  read_network_key(fields, "from", context, entry.from);
  read_network_key(fields, "to", context, entry.to);
  read_interface_key(fields, "in", direction, context, entry.in);
  read_interface_key(fields, "out", direction, context, entry.out);
  read_source_ports(fields, context, entry.source_ports);
  read_text_key(fields, "comment", context, entry.comment);
  if (const Fields::Field* name = fields.find("name")) entry.name = read_name(name->value, "name", context);
}

void read_only_from(const Fields& fields, const Context& context, Rule& rule) {
  const Fields::Field* only = fields.find("only-from");
  if (only == nullptr) return;
  if (const Fields::Field* from = fields.find("from")) {
    context.diagnostics.add(Code::keys_together, only->name.where(), "`only-from` cannot stand beside `from`",
                            "keep one of them", {{from->name.where(), "`from` stands here"}});
    return;
  }
  if (fields.find("allow") == nullptr && (fields.find("deny") != nullptr || fields.find("reject") != nullptr)) {
    context.error(Code::keys_together, only->name.where(), "`only-from` can only stand beside `allow`", "write `from`");
    return;
  }
  rule.only_from = true;
  rule.from = read_network(only->value, "only-from", context);
}

void read_limit(const Fields& fields, const Context& context, Rule& rule) {
  const Fields::Field* field = fields.find("limit");
  if (field == nullptr) return;
  if (fields.find("allow") == nullptr && (fields.find("deny") != nullptr || fields.find("reject") != nullptr)) {
    context.error(Code::keys_together, field->name.where(), "`limit` can only stand beside `allow`",
                  "write an allow with the limit; what is over it goes on to the next rules");
    return;
  }
  const auto text = read_text(field->value, "limit", context);
  if (!text) return;
  const Result<Limit> limit = Limit::parse(text->value);
  if (limit) rule.limit = Located<Limit>{*limit, text->where};
  else
    context.error(Code::bad_limit, text->where, limit.error().message, "write it as in `10/minute burst 5 per source`");
}

void read_until(const Fields& fields, const Context& context, Rule& rule) {
  const Fields::Field* field = fields.find("until");
  if (field == nullptr) return;
  const auto text = read_text(field->value, "until", context);
  if (!text) return;
  const Result<Date> date = parse_date(text->value);
  if (date) rule.until = Located<Date>{*date, text->where};
  else context.error(Code::bad_date, text->where, date.error().message, "write a date as in `2027-01-31`");
}

/// A name, or the place of a rule without one, such as `team/web.yaml:inbound[0]`.
bool names_rule(std::string_view text) {
  if (is_name(text)) return true;
  const std::size_t open = text.rfind('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return false;
  const std::string_view number = text.substr(open + 1, text.size() - open - 2);
  const std::string_view before = text.substr(0, open);
  const bool direction = before.ends_with("inbound") || before.ends_with("outbound") || before.ends_with("forward");
  return direction && !number.empty() && number.find_first_not_of("0123456789") == std::string_view::npos;
}

void read_overrides(const Fields& fields, const Context& context, Rule& rule) {
  const Fields::Field* field = fields.find("overrides");
  if (field == nullptr) return;
  each_item(field->value, "overrides", context, [&](Node item) {
    if (!item.is_scalar() || !names_rule(item.text())) {
      const auto name = read_name(item, "overrides", context);
      return name.has_value();
    }
    rule.overrides.push_back({std::string(item.text()), item.where()});
    return true;
  });
}

void read_annotations(const Fields& fields, const Context& context, Rule& rule) {
  read_text_key(fields, "owner", context, rule.owner);
  read_text_key(fields, "ticket", context, rule.ticket);
  if (const Fields::Field* log = fields.find("log")) {
    const std::optional<std::optional<Log>> value = read_log(log->value, context);
    if (value && *value) rule.log = Located<Log>{**value, log->value.where()};
  }
  if (const Fields::Field* waive = fields.find("waive")) {
    if (auto waivers = read_waivers(waive->value, context)) rule.waive = *std::move(waivers);
  }
}

bool read_claim(Node node, const Mapping& keys, std::string_view what, Direction direction, const Context& context,
                Claim& claim) {
  const std::size_t before = context.diagnostics.errors();
  claim.where = node.where();
  if (!is_mapping(node, what, context)) return false;
  const Fields fields = read_fields(node, keys, context);
  require_verdict(node, what, "write `allow: ssh`", before, context);
  read_verdict(fields, what, context, claim);
  read_packets(fields, direction, context, claim);
  const Fields::Field* state = fields.find("state");
  if (state != nullptr) {
    if (const auto indices = read_words(state->value, state->key->words, "state", context)) {
      StateSet set;
      for (const std::size_t index : *indices) set = set | StateSet::of(states[index]);
      claim.states = Located<StateSet>{set, state->value.where()};
    }
  }
  return context.diagnostics.errors() == before;
}

}  // namespace

bool read_rule(Node node, Direction direction, const Context& context, Rule& rule) {
  const std::size_t before = context.diagnostics.errors();
  rule.where = node.where();
  if (!is_mapping(node, "a rule", context)) return false;
  const Fields fields = read_fields(node, rule_keys, context);
  require_verdict(node, "this rule", "write `allow`, `deny` or `reject`, as in `allow: ssh`", before, context);
  read_verdict(fields, "a rule", context, rule);
  read_packets(fields, direction, context, rule);
  read_only_from(fields, context, rule);
  read_limit(fields, context, rule);
  read_until(fields, context, rule);
  read_overrides(fields, context, rule);
  read_annotations(fields, context, rule);
  return context.diagnostics.errors() == before;
}

bool read_management(Node node, const Context& context, Claim& claim) {
  return read_claim(node, management_keys, "an entry of `management`", Direction::inbound, context, claim);
}

bool read_test(Node node, Direction direction, const Context& context, Claim& claim) {
  return read_claim(node, test_keys, "a test", direction, context, claim);
}

}  // namespace portpolicy::syntax
