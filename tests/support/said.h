#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/policy_words.h"

/// What people are told, read back as the policy language reads it.
namespace portpolicy::test {

/// The parts of a text between separators.
std::vector<std::string> split(std::string_view text, std::string_view separator);

/// `office`, `10.0.0.0/8`, `any except office, 10.0.0.1`; nothing when the words say that they do not say all.
std::optional<AddressSet> addresses_said(cli::PolicyWords& words, const std::vector<std::string>& said);

/// `lan`, `eth1, br-* except br-0 and br-1`
InterfaceSet interfaces_said(cli::PolicyWords& words, std::string_view said);

}  // namespace portpolicy::test
