#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// The forms of values as regular expressions (ECMA 262, as JSON Schema wants them), for the schema. Each takes all
/// that the reader of that value takes; a few take somewhat more, for what a regular expression cannot say.
namespace portpolicy::syntax::pattern {

/// Decimal numbers from `least`, 0 or 1, to `most`, without leading zeros.
std::string decimal(std::uint32_t least, std::uint32_t most);

std::string one_of(std::span<const std::string_view> words);

std::string name();            ///< of an entry
std::string rule_name();       ///< of a rule
std::string rule();            ///< a name, or the place of a rule without one
std::string network_name();    ///< as a key of `networks`
std::string service_name();    ///< as a key of `services`
std::string interface_name();  ///< as a key of `interfaces`
std::string network();
std::string service();
std::string interface();
std::string ports();
std::string date();
std::string limit();
std::string log();
std::string text();
std::string path();

}  // namespace portpolicy::syntax::pattern
