#include "compiler/syntax/section.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "compiler/registry/registry.h"
#include "compiler/syntax/entry.h"
#include "compiler/syntax/interface.h"
#include "compiler/syntax/load.h"
#include "compiler/syntax/network.h"
#include "compiler/syntax/service.h"

namespace portpolicy::syntax {
namespace {

constexpr std::string_view name_rule =
    "a name begins with a letter or digit, goes on with these or `.`, `_`, `-`, and has at most 63";

std::size_t index_of(Direction direction) {
  return static_cast<std::size_t>(direction);
}

/// The value of `portpolicy`, also when it is a null.
std::optional<Node> version_of(Node root) {
  for (auto at = root.begin(); at != root.end(); ++at) {
    const Node name = *at++;
    if (name.is_scalar() && name.text() == "portpolicy") return *at;
  }
  return std::nullopt;
}

/// Whether the rest can be read as this version of the language.
bool check_version(Node root, const Context& context) {
  const std::optional<Node> version = version_of(root);
  if (!version || version->is_null()) return true;
  const Node value = *version;
  if (!value.is_scalar()) {
    context.error(Code::wrong_kind, value.where(),
                  "`portpolicy` takes the number 1, not " + std::string(kind_name(value)));
    return false;
  }
  if (value.text() == "1" && !value.quoted()) return true;
  const bool quoted_one = value.text() == "1";
  context.error(Code::language_version, value.where(),
                quoted_one ? "the language version is a number, not text"
                           : "this program does not know version " + quoted(value.text()) + " of the policy language",
                quoted_one ? "write `portpolicy: 1`, without quotes" : "version 1 is the only one: `portpolicy: 1`");
  return quoted_one;
}

void require_version(Node root, const Context& context) {
  if (version_of(root)) return;
  context.error(Code::missing_key, (*root.begin()).where(), "the file does not say `portpolicy: 1`",
                "write `portpolicy: 1` at its beginning");
}

/// Why `name` cannot be chosen for a network or service: it would mean something else where it is used.
std::optional<Mistake> taken_name(std::string_view section, std::string_view name) {
  if (section == "networks") {
    if (std::ranges::find(registry::network_names(), name) != registry::network_names().end()) {
      return Mistake{Code::builtin_redefined, quoted(name) + " is a built-in network", "choose another name"};
    }
    if (reads_as_address(name))
      return Mistake{Code::bad_name, quoted(name) + " reads as an address", "choose another name"};
    if (reads_as_value(name))
      return Mistake{Code::bad_name, quoted(name) + " reads as a number or a truth value", "choose another name"};
  }
  if (section == "services") {
    const auto read = parse_service(name);
    const bool only_name = read && std::holds_alternative<ServiceExpr::Name>(read->value);
    if (is_name(name) && !only_name) {
      return Mistake{Code::bad_name, quoted(name) + " already means a service", "choose another name"};
    }
  }
  if (!is_name(name)) return Mistake{Code::bad_name, quoted(name) + " cannot be a name", std::string(name_rule)};
  return std::nullopt;
}

/// Reads `networks`, `services` or `interfaces`.
template <class Expr, class Read>
void read_definitions(const Fields& fields, std::string_view section, const Context& context, File& file,
                      std::vector<Definition<Expr>>& definitions, Read read) {
  const Fields::Field* field = fields.find(section);
  if (field == nullptr) return;
  each_entry(field->value, section, context, [&](Node name, Node value) {
    const std::string text(name.text());
    const std::optional<Mistake> mistake = taken_name(section, text);
    if (mistake) context.error(mistake->code, name.where(), mistake->message, mistake->help);
    std::optional<Expr> expr;
    if (!value.is_null()) expr = read(value, text, context);
    if (expr && !mistake) definitions.push_back({{text, name.where()}, *std::move(expr)});
    else file.left_out.push_back(text);
  });
}

std::optional<Default> read_default(const Fields::Field& field, const Context& context) {
  const std::span<const std::string_view> words = field.key->words;
  const auto verdict_at = [](std::size_t index) { return static_cast<Verdict>(index); };
  if (!field.value.is_mapping()) {
    const auto index = read_word(field.value, words, field.key->name, context);
    if (!index) return std::nullopt;
    return words[*index] == "unmanaged" ? Default{} : Default{verdict_at(*index), {}};
  }
  const std::size_t before = context.diagnostics.errors();
  const Fields fields = read_fields(field.value, default_keys, context);
  const Fields::Field* verdict = fields.find("verdict");
  const Fields::Field* log = fields.find("log");
  if (verdict == nullptr && context.diagnostics.errors() == before) {
    context.error(Code::missing_key, field.value.where(), "`verdict` is missing in this default",
                  "write `{verdict: deny, log: true}`");
  }
  Default result;
  if (verdict != nullptr) {
    const auto index = read_word(verdict->value, verdict->key->words, "verdict", context);
    if (index) result.verdict = verdict_at(*index);
  }
  if (log != nullptr) {
    const std::optional<std::optional<Log>> value = read_log(log->value, context);
    if (value) result.log = *value;
  }
  if (context.diagnostics.errors() != before) return std::nullopt;
  return result;
}

bool expect_mapping(const Fields::Field& field, const Context& context) {
  if (field.value.is_mapping()) return true;
  const std::optional<Mistake> mistake = glued_colon(field.value);
  if (mistake) context.error(mistake->code, field.value.where(), mistake->message, mistake->help);
  else
    context.error(Code::wrong_kind, field.value.where(),
                  "`" + std::string(field.key->name) +
                      "` takes a mapping with `inbound`, `outbound` or `forward`, not " +
                      std::string(kind_name(field.value)));
  return false;
}

void read_defaults(const Fields& fields, const Context& context, File& file) {
  const Fields::Field* field = fields.find("defaults");
  if (field == nullptr || !expect_mapping(*field, context)) return;
  const Fields directions_given = read_fields(field->value, defaults_keys, context);
  for (const Direction direction : directions) {
    const Fields::Field* given = directions_given.find(to_string(direction));
    if (given == nullptr) continue;
    const std::optional<Default> value = read_default(*given, context);
    if (value) file.defaults[index_of(direction)] = Located<Default>{*value, given->value.where()};
  }
}

void read_base(const Fields& fields, const Context& context, File& file) {
  const Fields::Field* field = fields.find("base");
  if (field == nullptr) return;
  BaseSet set;
  if (!field->value.is_sequence()) {
    context.error(Code::wrong_kind, field->value.where(),
                  "`base` takes a list, not " + std::string(kind_name(field->value)),
                  "write it as in `base: [loopback, established]`, or `base: []` for none");
    return;
  }
  if (!field->value.childless()) {
    const auto indices = read_words(field->value, field->key->words, "base", context);
    if (!indices) return;
    for (const std::size_t index : *indices) set.insert(all_bases[index]);
  }
  file.base = Located<BaseSet>{set, field->value.where()};
}

void read_tier(const Fields& fields, const Context& context, File& file) {
  const Fields::Field* field = fields.find("tier");
  if (field == nullptr) return;
  if (const auto index = read_word(field->value, field->key->words, "tier", context)) {
    file.tier = static_cast<Tier>(*index);
  }
}

/// The entries of a list of mappings. `read` fills an entry and says whether it is whole.
template <class Entry, class Read>
void read_entries(Node list, std::string_view what, const Context& context, File& file, std::vector<Entry>& entries,
                  Read read) {
  if (!list.is_sequence()) {
    const std::optional<Mistake> mistake = glued_colon(list);
    if (mistake) context.error(mistake->code, list.where(), mistake->message, mistake->help);
    else
      context.error(Code::wrong_kind, list.where(),
                    "`" + std::string(what) + "` takes a list, not " + std::string(kind_name(list)),
                    "begin each entry with `- `");
    return;
  }
  entries.reserve(list.size());
  std::uint32_t place = 0;
  for (const Node item : list) {
    if (context.diagnostics.too_many_errors()) return;
    const std::uint32_t here = place++;
    if (item.is_null()) {
      report_empty_item(item, what, context);
      continue;
    }
    Entry& entry = entries.emplace_back();
    entry.place = here;
    if (read(item, entry)) continue;
    if (entry.name) file.left_out.push_back(entry.name->value);
    entries.pop_back();
  }
}

void read_rules(const Fields& fields, const Context& context, std::size_t& rules_left, File& file) {
  for (const Direction direction : directions) {
    const Fields::Field* field = fields.find(to_string(direction));
    if (field == nullptr) continue;
    file.sections[index_of(direction)] = field->name.where();
    const std::size_t count = field->value.is_sequence() ? field->value.size() : 0;
    if (count > rules_left) {
      context.error(Code::too_large, field->name.where(),
                    "the policy has more than " + std::to_string(max_rules) + " rules");
      file.incomplete = true;
      continue;
    }
    rules_left -= count;
    read_entries(field->value, field->key->name, context, file, file.rules[index_of(direction)],
                 [&](Node item, Rule& rule) { return read_rule(item, direction, context, rule); });
  }
}

void read_claims(const Fields& fields, const Context& context, File& file) {
  if (const Fields::Field* management = fields.find("management")) {
    read_entries(management->value, "management", context, file, file.management,
                 [&](Node item, Claim& claim) { return read_management(item, context, claim); });
  }
  const Fields::Field* tests = fields.find("tests");
  if (tests == nullptr || !expect_mapping(*tests, context)) return;
  const Fields given = read_fields(tests->value, tests_keys, context);
  for (const Direction direction : directions) {
    const Fields::Field* field = given.find(to_string(direction));
    if (field == nullptr) continue;
    read_entries(field->value, field->key->name, context, file, file.tests[index_of(direction)],
                 [&](Node item, Claim& claim) { return read_test(item, direction, context, claim); });
  }
}

void read_rule_waivers(const Fields& fields, const Context& context, File& file) {
  const Fields::Field* field = fields.find("waive");
  if (field == nullptr) return;
  each_entry(field->value, "waive", context, [&](Node name, Node value) {
    if (value.is_null()) return;
    if (auto waivers = read_waivers(value, context)) {
      file.waive.push_back({{std::string(name.text()), name.where()}, *std::move(waivers)});
    }
  });
}

void read_includes(const Fields& fields, const Context& context, std::vector<Located<std::string>>& paths) {
  const Fields::Field* field = fields.find("include");
  if (field == nullptr) return;
  if (field->value.is_sequence() && field->value.childless()) return;
  each_item(field->value, "include", context, [&](Node item) {
    std::optional<Located<std::string>> path = read_text(item, "include", context);
    if (!path) return false;
    paths.push_back(*std::move(path));
    return true;
  });
}

}  // namespace

void read_file(Node root, const Context& context, std::size_t& rules_left, File& file,
               std::vector<Located<std::string>>& paths) {
  if (root.is_null() || (root.is_mapping() && root.childless())) {
    context.error(Code::missing_key, root.where(), "the file is empty", "write `portpolicy: 1` at its beginning");
    return;
  }
  if (!root.is_mapping()) {
    const std::optional<Mistake> mistake = glued_colon(root);
    if (mistake) context.error(mistake->code, root.where(), mistake->message, mistake->help);
    else
      context.error(Code::wrong_kind, root.where(), "a policy is a mapping, not " + std::string(kind_name(root)),
                    "begin with `portpolicy: 1`");
    file.incomplete = true;
    return;
  }
  if (!check_version(root, context)) {
    file.incomplete = true;
    return;
  }
  const std::size_t before = context.diagnostics.errors();
  const Fields fields = read_fields(root, policy_keys, context);
  // A key that is wrong may be this one misspelt.
  if (context.diagnostics.errors() == before) require_version(root, context);
  read_tier(fields, context, file);
  read_includes(fields, context, paths);
  read_definitions(fields, "networks", context, file, file.networks, read_network);
  read_definitions(fields, "services", context, file, file.services, read_services);
  read_definitions(fields, "interfaces", context, file, file.interfaces, read_interface);
  read_defaults(fields, context, file);
  read_base(fields, context, file);
  read_rules(fields, context, rules_left, file);
  read_claims(fields, context, file);
  read_rule_waivers(fields, context, file);
  if (context.diagnostics.too_many_errors()) file.incomplete = true;
}

}  // namespace portpolicy::syntax
