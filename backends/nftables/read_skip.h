#pragma once

#include <cstdint>

#include "backends/nftables/read_lexer.h"

/// The extent of what the model of packets does not have: enough of nft's grammar to find the next statement.
namespace portpolicy::nft::text {

/// Over the fields on the left side of a condition, with their operators. False when no field of nft's begins here.
bool skip_fields(Lexer& lexer);
/// Over the values on the right side.
bool skip_values(Lexer& lexer);
/// Over `{ ... }`.
bool skip_braces(Lexer& lexer);
/// Over a statement that is no condition: up to a verdict, a log, a counter or a comment.
void skip_statement(Lexer& lexer);

}  // namespace portpolicy::nft::text
