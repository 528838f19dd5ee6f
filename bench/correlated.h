#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace portpolicy::bench {

/// Kinds of rules over source, destination and ports whose wildcards overlap each other: the hardest there are for
/// diagrams. The shares of wildcards, prefixes, hosts and ranges follow what papers on packet classification report of real
/// access lists (`acl`), firewalls (`fw`) and chains of Linux hosts that route (`chains`).
enum class Correlated : std::uint8_t { acl, fw, chains };
std::optional<Correlated> correlated_named(std::string_view name);

/// So many different rules, each a line of a list of a policy; narrow ones tend to stand before wide ones.
std::vector<std::string> correlated_rules(Correlated kind, std::size_t count, std::uint64_t seed);

}  // namespace portpolicy::bench
