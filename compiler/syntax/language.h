#pragma once

#include <cstdint>
#include <span>
#include <string_view>

/// The keys of the policy language as data: the reader, suggestions for unknown keys and the JSON schema all use it.
namespace portpolicy::syntax {

/// What may stand after a key.
enum class Form : std::uint8_t {
  version,       ///< the number 1
  word,          ///< one of `Key::words`
  words,         ///< a list of those
  includes,      ///< a path or `<name>`, or a list of these
  networks,      ///< a mapping from names to `network`
  services,      ///< a mapping from names to `service`
  interfaces,    ///< a mapping from names to `interface`
  defaults,      ///< a mapping with `defaults_keys`
  rules,         ///< a list of mappings with `rule_keys`
  management,    ///< a list of mappings with `management_keys`
  tests,         ///< a mapping with `tests_keys`
  entries,       ///< a list of mappings with `test_keys`
  rule_waivers,  ///< a mapping from rule names to `waivers`
  waivers,       ///< a mapping from codes to reasons
  service,       ///< a service or a list of them
  network,       ///< a network, a list of them, or a mapping with `network_keys`
  interface,     ///< an interface, a list of them, or a mapping with `interface_keys`
  fallback,      ///< one of `Key::words`, or a mapping with `default_keys`
  ports,         ///< a port, a range, or a list of these
  name,          ///< one name
  names,         ///< a name or a list of them
  text,          ///< free text
  date,          ///< YYYY-MM-DD
  log,           ///< `true`, `false` or a short text
  limit,         ///< `10/minute burst 5 per source`
  path,          ///< a relative path
};

struct Key {
  std::string_view name;
  Form form;
  std::string_view description;               ///< one line: what it means, what holds without it, an example
  std::span<const std::string_view> words{};  ///< that may stand there, for `Form::word`, `words` and `fallback`
  std::string_view unless_given{};            ///< which of `words` holds then, if it is one
};

/// A key that people write who know another firewall, and what to say to them.
struct Advice {
  std::string_view wrong;
  std::string_view help;
};

/// One kind of mapping.
struct Mapping {
  std::string_view title;  ///< as in "unknown key in a rule"
  std::span<const Key> keys;
  std::span<const Advice> advice{};
};

extern const Mapping policy_keys, rule_keys, management_keys, test_keys, network_keys, interface_keys, defaults_keys,
    default_keys, tests_keys;

}  // namespace portpolicy::syntax
