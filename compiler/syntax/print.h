#pragma once

#include <string>
#include <vector>

#include "compiler/syntax/policy.h"

namespace portpolicy::syntax {

/// The policy as it was understood, one file after another, for `--print=policy`: values in their shortest form, names
/// still names.
std::string print(const Policy& policy);

/// A part of what an entry says, in the author's names and in its shortest form: `from`, `[office, 10.0.0.0/8]`.
struct Said {
  std::string key, value;
};
/// What an entry says of packets, and first its verdict. Not its own name and what is for people only.
std::vector<Said> said(const Rule& rule, const Policy& policy);
std::vector<Said> said(const Claim& claim, const Policy& policy);

}  // namespace portpolicy::syntax
