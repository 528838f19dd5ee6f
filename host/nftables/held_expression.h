#pragma once

#include "host/nftables/held.h"

struct nftnl_expr;
struct nftnl_obj;

namespace portpolicy::host {

/// One expression of a rule as a value. What this program has no word for is `Unknown` or `LoadOther`, never left out.
Expression held_expression(const nftnl_expr* expression);
/// A verdict as its number and the chain that it leads to, which may be missing.
HeldVerdict held_verdict(std::uint32_t code, const char* chain);
HeldLimit held_limit(const nftnl_obj* object);

}  // namespace portpolicy::host
