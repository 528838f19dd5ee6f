#pragma once

#include <string>

namespace portpolicy::cli::manual {

/// portpolicy-policy(5), the policy language: the keys and their descriptions are those that the compiler reads with.
std::string policy_page();

/// The policy that the page shows as its example.
std::string_view policy_page_example();

}  // namespace portpolicy::cli::manual
