#include "compiler/syntax/schema.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "compiler/base/packet.h"
#include "compiler/diagnostics/code.h"
#include "compiler/registry/registry.h"
#include "compiler/syntax/language.h"
#include "compiler/syntax/pattern.h"

// A value that has several forms is one schema with several types, not an `anyOf` of schemas: an editor then says what
// is wrong with the form that was chosen. What is inside lists and mappings stands in an `allOf`, else editors begin a
// list or a mapping where a word is usual. Names to be completed stand in `defaultSnippets`, which refuse nothing.
// Beside a `$ref` stand annotations only, because readers of draft-07 may ignore what stands there.

namespace portpolicy::syntax {
namespace {

using Json = nlohmann::ordered_json;

/// YAML reads an unquoted `1234` as a number and `true` as a truth value; the policy language takes them as they are
/// written.
Json any_scalar() {
  return {"string", "number", "boolean"};
}

Json reference(std::string_view definition) {
  return {{"$ref", "#/definitions/" + std::string(definition)}};
}

/// Text of one form. `said` is shown by editors that know the keyword, instead of the expression.
Json form(const Json& types, const std::string& pattern, std::string_view said, const Json& examples = Json::array()) {
  Json schema{{"type", types}, {"pattern", pattern}, {"patternErrorMessage", said}};
  if (!examples.empty()) schema["examples"] = examples;
  return schema;
}

/// Lets a value also be of another type, of which `inside` says the rest.
void also(Json& schema, std::string_view type, const Json& inside) {
  if (!schema["type"].is_array()) schema["type"] = Json::array({schema["type"]});
  schema["type"].push_back(type);
  schema["allOf"].push_back(inside);
}

/// One, or a list of at least one.
Json one_or_more(Json one, const Json& item) {
  also(one, "array", {{"items", item}, {"minItems", 1}});
  return one;
}

Json suggestion(std::string_view value, std::string_view description = {}) {
  Json snippet{{"label", value}, {"body", value}};
  if (!description.empty()) snippet["description"] = description;
  return snippet;
}

Json suggestions(std::span<const std::string_view> values) {
  Json list = Json::array();
  for (const std::string_view value : values) list.push_back(suggestion(value));
  return list;
}

/// `53/tcp, 53/udp: domain names`
std::string described(const registry::Service& service) {
  std::string text;
  for (const registry::Use& use : service.uses) {
    if (!text.empty()) text += ", ";
    text += std::to_string(use.first.number());
    if (use.first != use.last) text += "-" + std::to_string(use.last.number());
    text += "/" + to_string(use.protocol);
  }
  return text + ": " + std::string(service.description);
}

Json services_suggested() {
  Json list = Json::array({suggestion("any", "every protocol, those without ports too")});
  for (const std::string_view name : registry::service_names())
    list.push_back(suggestion(name, described(*registry::service_named(name))));
  for (const char* literal : {"8080/tcp", "8080-8090/tcp", "icmp", "icmpv6", "tcp", "udp", "esp", "gre", "protocol 50"})
    list.push_back(suggestion(literal));
  for (const Family family : {Family::ipv4, Family::ipv6}) {
    const std::string protocol = family == Family::ipv4 ? "icmp/" : "icmpv6/";
    for (const registry::IcmpName& type : registry::icmp_names(family))
      list.push_back(suggestion(protocol + std::string(type.name)));
  }
  return list;
}

Json service() {
  Json schema = form({"string", "integer"}, pattern::service(),
                     "a service is a name, `80/tcp`, `8080-8090/udp`, `icmp/echo-request`, a protocol, or `any`");
  schema["minimum"] = 1;
  schema["maximum"] = 65535;
  schema["defaultSnippets"] = services_suggested();
  return schema;
}

Json ports() {
  Json schema = form({"string", "integer"}, pattern::ports(), "a port is a number from 1 to 65535, or `1024-65535`",
                     {"1024-65535"});
  schema["minimum"] = 1;
  schema["maximum"] = 65535;
  return schema;
}

Json of_key(const Key& key);

/// A mapping with the keys of the table, but for one.
Json mapping(const Mapping& known, std::string_view left_out = {}) {
  Json properties = Json::object();
  for (const Key& key : known.keys) {
    if (key.name != left_out) properties[std::string(key.name)] = of_key(key);
  }
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

/// Beside the key `key` these cannot stand.
void exclude(Json& schema, std::string_view key, std::initializer_list<const char*> others) {
  Json refused = Json::object();
  for (const char* other : others) {
    if (schema["properties"].contains(other)) refused[other] = false;
  }
  schema["dependencies"][std::string(key)] = {{"properties", refused}};
}

Json one_required(std::initializer_list<const char*> keys) {
  Json list = Json::array();
  for (const char* key : keys) list.push_back({{"required", {key}}});
  return list;
}

/// The keys of `known` for one direction, with exactly one verdict.
Json entry(const Mapping& known, Direction direction) {
  constexpr std::array impossible{"out", "in", ""};
  Json schema = mapping(known, impossible[static_cast<std::size_t>(direction)]);
  exclude(schema, "deny", {"allow", "only-from", "limit"});
  exclude(schema, "reject", {"allow", "deny", "only-from", "limit"});
  if (&known == &rule_keys) schema["properties"]["name"]["$ref"] = "#/definitions/rule-name";
  if (schema["properties"].contains("only-from")) exclude(schema, "only-from", {"from"});
  schema["anyOf"] = one_required({"allow", "deny", "reject"});
  return schema;
}

Json list_of(std::string_view definition) {
  return {{"type", "array"}, {"items", reference(definition)}};
}

/// A network or a set of interfaces: one, a list, or a mapping.
Json set_of(Json one, std::string_view definition, Json as_mapping) {
  Json schema = one_or_more(std::move(one), reference(definition));
  as_mapping.erase("type");
  also(schema, "object", as_mapping);
  return schema;
}

Json network() {
  Json as_mapping = mapping(network_keys);
  exclude(as_mapping, "file", {"any", "except"});
  as_mapping["anyOf"] = one_required({"any", "file"});
  Json one = form("string", pattern::network(),
                  "a network is an address, a prefix, a range `a-b` or a name: `192.0.2.0/24`, `2001:db8::1`");
  one["defaultSnippets"] = suggestions(registry::network_names());
  return set_of(one, "network", as_mapping);
}

Json interfaces() {
  Json as_mapping = mapping(interface_keys);
  as_mapping["required"] = {"any"};
  const Json one = form(any_scalar(), pattern::interface(),
                        "an interface has at most 15 characters; all that begin alike are written `\"br-*\"`",
                        {"eth0", "br-*", "*"});
  return set_of(one, "interface", as_mapping);
}

Json named(const std::string& names, std::string_view said, std::string_view definition) {
  return {{"type", "object"},
          {"propertyNames", {{"pattern", names}, {"patternErrorMessage", said}}},
          {"additionalProperties", reference(definition)}};
}

/// Codes are written `PP303`; the reader also takes `pp303` and `303`.
Json waivers() {
  Json codes = Json::object();
  std::string numbers;
  for (const CodeInfo& code : all_codes()) {
    if (code.severity != Severity::warning) continue;
    const std::string name = to_string(code.code);
    codes[name] = {{"description", "why it is accepted that " + std::string(code.title)},
                   {"$ref", "#/definitions/text"}};
    numbers += (numbers.empty() ? "" : "|") + name.substr(2);
  }
  return {{"type", "object"},
          {"additionalProperties", false},
          {"properties", codes},
          {"patternProperties", {{"^(?!PP)(?:[Pp][Pp])?(?:" + numbers + ")$", reference("text")}}}};
}

Json one_of_words(const Key& key) {
  Json words = Json::array();
  for (const std::string_view word : key.words) words.push_back(word);
  return {{"type", "string"}, {"enum", words}};
}

/// A word beside other forms, where an `enum` would refuse them.
Json word_or_more(const Key& key) {
  std::string listed;
  for (const std::string_view word : key.words) listed += (listed.empty() ? "`" : ", `") + std::string(word) + "`";
  Json schema = form("string", pattern::one_of(key.words), "one of " + listed);
  schema["defaultSnippets"] = suggestions(key.words);
  return schema;
}

/// `base` takes a list only, and an empty one too.
Json several_words(const Key& key) {
  if (key.name == "base") return {{"type", "array"}, {"items", one_of_words(key)}};
  return one_or_more(word_or_more(key), one_of_words(key));
}

Json fallback(const Key& key) {
  Json schema = word_or_more(key);
  Json as_mapping = mapping(default_keys);
  as_mapping["required"] = {"verdict"};
  as_mapping.erase("type");
  also(schema, "object", as_mapping);
  return schema;
}

Json directions_of(const Mapping& known, std::string_view kind) {
  Json schema = mapping(known);
  for (auto& [direction, property] : schema["properties"].items())
    property["items"] = reference(direction + "-" + std::string(kind));
  return schema;
}

Json of_form(const Key& key) {
  switch (key.form) {
    case Form::version:
      return {{"type", "integer"}, {"const", 1}};
    case Form::word:
      return one_of_words(key);
    case Form::words:
      return several_words(key);
    case Form::includes:
      return reference("includes");
    case Form::networks:
      return named(pattern::network_name(), "not a name for a network, or that of a built-in one", "network");
    case Form::services:
      return named(pattern::service_name(), "not a name for a service, or that of a protocol", "services");
    case Form::interfaces:
      return named(pattern::interface_name(), "not a name", "interface");
    case Form::defaults:
      return mapping(defaults_keys);
    case Form::rules:
      return list_of(std::string(key.name) + "-rule");
    case Form::management:
      return list_of("management-entry");
    case Form::tests:
      return directions_of(tests_keys, "test");
    case Form::entries:
      return {{"type", "array"}};  // of what depends on the direction
    case Form::rule_waivers:
      return {{"type", "object"}, {"additionalProperties", reference("waivers")}};
    case Form::waivers:
      return reference("waivers");
    case Form::service:
      return reference("services");
    case Form::network:
      return reference("network");
    case Form::interface:
      return reference("interface");
    case Form::fallback:
      return fallback(key);
    case Form::ports:
      return reference("ports");
    case Form::name:
      return reference("name");
    case Form::names:
      return reference("rule-names");
    case Form::text:
      return reference("text");
    case Form::date:
      return reference("date");
    case Form::log:
      return reference("log");
    case Form::limit:
      return reference("limit");
    case Form::path:
      return reference("path");
  }
  std::unreachable();
}

Json of_key(const Key& key) {
  Json schema{{"description", key.description}};
  schema.update(of_form(key));
  if (!key.unless_given.empty()) schema["default"] = key.unless_given;
  return schema;
}

constexpr std::string_view name_said =
    "a name begins with a letter or digit, goes on with these or `.`, `_`, `-`, and has at most 63";

/// What values are made of.
Json value_definitions() {
  const Json include = form(any_scalar(), pattern::path(), "a path relative to this file, or `<name>` from the library",
                            {"<baseline/server>"});
  Json includes = one_or_more(include, include);
  includes["allOf"][0].erase("minItems");
  Json services = one_or_more(service(), reference("service"));
  services.erase("defaultSnippets");  // editors find those of the list's items
  const Json rule = form(any_scalar(), pattern::rule(), "the name of a rule, or its place such as `inbound[0]`");
  Json management = mapping(management_keys);
  management["required"] = {"allow"};
  return {
      {"service", service()},
      {"services", services},
      {"network", network()},
      {"interface", interfaces()},
      {"ports", one_or_more(ports(), ports())},
      {"name", form(any_scalar(), pattern::name(), name_said)},
      {"rule-name", form(any_scalar(), pattern::rule_name(), name_said)},
      {"rule-names", one_or_more(rule, rule)},
      {"text", form(any_scalar(), pattern::text(), "the text is empty")},
      {"date", form("string", pattern::date(), "a date is written `2027-01-31`", {"2027-01-31"})},
      {"log", form(any_scalar(), pattern::log(),
                   "`true`, `false`, or at most 32 printable ASCII characters, no quotes, no backslash and no `$`",
                   {true, "ssh-in: "})},
      {"limit", form("string", pattern::limit(), "a limit is `N/second|minute|hour|day [burst N] [per source]`",
                     {"10/minute", "10/minute per source", "10/minute burst 20 per source"})},
      {"path", form(any_scalar(), pattern::path(), "a path relative to this file")},
      {"includes", includes},
      {"waivers", waivers()},
      {"management-entry", management},
  };
}

}  // namespace

std::string json_schema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"},
              {"title", "portpolicy policy, version 1"},
              {"description", "Who may reach what on one host."}};
  schema.update(mapping(policy_keys));
  schema["required"] = {"portpolicy"};
  Json definitions = value_definitions();
  for (const Direction direction : directions) {
    const std::string name(to_string(direction));
    definitions[name + "-rule"] = entry(rule_keys, direction);
    definitions[name + "-test"] = entry(test_keys, direction);
  }
  schema["definitions"] = definitions;
  return schema.dump(2) + "\n";
}

}  // namespace portpolicy::syntax
