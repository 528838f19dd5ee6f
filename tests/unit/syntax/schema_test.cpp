#include "compiler/syntax/schema.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>

#include "compiler/registry/registry.h"
#include "compiler/syntax/language.h"
#include "compiler/syntax/pattern.h"

namespace portpolicy::test {
namespace {

using nlohmann::json;
using namespace syntax;

/// Every `properties` of the schema, wherever it stands.
void collect(const json& schema, std::vector<json>& found) {
  if (!schema.is_structured()) return;
  if (schema.is_object() && schema.contains("properties")) found.push_back(schema["properties"]);
  for (const json& inner : schema) collect(inner, found);
}

bool has_keys(const json& properties, const Mapping& known, std::string_view left_out) {
  std::set<std::string> wanted;
  for (const Key& key : known.keys) {
    if (key.name != left_out) wanted.insert(std::string(key.name));
  }
  std::set<std::string> given;
  for (const auto& [name, unused] : properties.items()) given.insert(name);
  return wanted == given;
}

TEST_CASE("every mapping of the language is in the schema, each key with its description") {
  std::vector<json> all;
  collect(json::parse(json_schema()), all);
  const std::vector<std::pair<const Mapping*, std::string_view>> mappings{
      {&policy_keys, ""},   {&rule_keys, "out"}, {&rule_keys, "in"}, {&rule_keys, ""},    {&management_keys, ""},
      {&test_keys, "out"},  {&test_keys, "in"},  {&test_keys, ""},   {&network_keys, ""}, {&interface_keys, ""},
      {&defaults_keys, ""}, {&default_keys, ""}, {&tests_keys, ""}};
  for (const auto& [known, left_out] : mappings) {
    CAPTURE(known->title);
    bool described = false;
    for (const json& properties : all) {
      if (!has_keys(properties, *known, left_out)) continue;
      const auto says = [&](const Key& key) {
        return key.name == left_out || properties[std::string(key.name)].value("description", "") == key.description;
      };
      described = described || std::ranges::all_of(known->keys, says);
    }
    CHECK(described);
  }
}

TEST_CASE("descriptions are one line that says something") {
  for (const Mapping* known : {&policy_keys, &rule_keys, &management_keys, &test_keys, &network_keys, &interface_keys,
                               &defaults_keys, &default_keys, &tests_keys}) {
    for (const Key& key : known->keys) {
      CAPTURE(key.name);
      CHECK(key.description.size() > 30);
      CHECK(key.description.find('\n') == std::string_view::npos);
      CHECK_FALSE(key.description.ends_with('.'));
    }
  }
}

TEST_CASE("every well-known service and built-in network is suggested") {
  const json schema = json::parse(json_schema());
  const auto suggested = [&](const char* definition) {
    std::set<std::string> names;
    for (const json& snippet : schema["definitions"][definition]["defaultSnippets"]) names.insert(snippet["body"]);
    return names;
  };
  const std::set<std::string> services = suggested("service");
  for (const std::string_view name : registry::service_names()) CHECK(services.contains(std::string(name)));
  CHECK(services.contains("any"));
  const std::set<std::string> networks = suggested("network");
  for (const std::string_view name : registry::network_names()) CHECK(networks.contains(std::string(name)));
}

TEST_CASE("the expression for decimal numbers takes each of them and nothing else") {
  for (const unsigned most : {9u, 10u, 32u, 99u, 100u, 128u, 199u, 200u, 255u, 1000u, 1999u, 65535u}) {
    for (const unsigned least : {0u, 1u}) {
      CAPTURE(most);
      CAPTURE(least);
      const std::regex expression("^(?:" + pattern::decimal(least, most) + ")$", std::regex::optimize);
      const auto takes = [&](const std::string& text) { return std::regex_match(text, expression); };
      unsigned wrong = 0;
      for (unsigned number = 0; number <= most + 1000; ++number) {
        wrong += takes(std::to_string(number)) != (number >= least && number <= most) ? 1u : 0u;
      }
      CHECK(wrong == 0);
      CHECK_FALSE(takes("01"));
      CHECK_FALSE(takes(""));
      CHECK_FALSE(takes(std::to_string(most) + "0"));
    }
  }
}

}  // namespace
}  // namespace portpolicy::test
