#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

/// The words of iptables: options, matches and targets.
namespace portpolicy::iptables::text {

/// The options that are understood, or must be told apart.
enum class Option : std::uint8_t {
  protocol,
  source,
  destination,
  in_interface,
  out_interface,
  fragments,
  source_port,
  destination_port,
  source_ports,
  destination_ports,
  either_ports,
  tcp_flags,
  syn,
  icmp_type,
  state,
  source_range,
  destination_range,
  match_set,
  no_effect,  ///< comments, and what merely counts
  limit,
  limit_burst,
  hash_upto,
  hash_above,
  hash_burst,
  hash_mode,
  hash_name,
  hash_source_mask,
  hash_expire,
  hash_table,  ///< how the table is kept, which changes no verdict
  reject_with,
  log_prefix,
  log_level,
  unknown,  ///< its text is all that is known of it
};

/// An option of a match or target that is known.
struct Spec {
  std::string_view owner;  ///< empty: of every rule
  std::string_view name;
  Option option;
  std::size_t values;
  bool may_be_negated = false;
};

std::span<const Spec> header_specs();
std::span<const Spec> match_specs();
std::span<const Spec> target_specs();
/// The full name of an option with one letter, other than of matches and targets.
std::optional<std::string_view> header_option(char letter);
/// Whether its options are known.
bool is_known_match(std::string_view match);
/// Whether nobody here knows the options of this target.
bool takes_any_option(std::string_view target);

/// Whether there is such a target among those of the kernel and the usual additions, beside verdicts.
bool is_target(std::string_view name);
/// Whether it leaves the verdict to later rules.
bool goes_on(std::string_view target);
/// Whether of one packet the match is always the same, as long as no rule sets marks.
bool is_fixed(std::string_view match);

}  // namespace portpolicy::iptables::text
