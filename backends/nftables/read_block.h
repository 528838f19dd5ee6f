#pragma once

#include <string>
#include <string_view>

#include "backends/nftables/read_lexer.h"
#include "backends/nftables/read_script.h"

namespace portpolicy::nft::text {

/// What stands between the braces of tables, chains and sets, and behind the names of these in commands. Functions that
/// say false have told what is wrong.
class Block {
 public:
  Block(const Source& source, Definitions& definitions, Lexer& lexer)
      : source_(source), definitions_(definitions), lexer_(lexer) {}

  /// From the brace on.
  bool table(Table& table);
  /// Behind the name.
  bool chain(Table& table, const Token& name);
  bool set(Table& table, const Token& name, bool is_map);
  bool limit(Table& table, const Token& name);
  bool elements(Set& set, bool removes);
  bool rule(Chain& chain, std::size_t place);
  /// Nothing is said when no definition stands here.
  bool definition();

  /// Says false.
  bool refuse(const Token& where, std::string message, std::string help = {});
  /// At the end of a command or statement, which is taken.
  bool ends_here();
  /// To the end of a command of which nothing is wanted. Says true.
  bool skip_to_end();
  /// The same after a mistake: over the braces that began since `first`.
  void skip_command(const Token& first);

 private:
  bool table_part(Table& table);
  bool chain_part(Chain& chain);
  bool hook(Chain& chain);
  bool priority(Hook& hook, std::string_view family);
  bool policy(Chain& chain);
  bool set_part(Set& set);
  bool flags(Set& set);
  bool types(Set& set);
  bool number();
  bool time_span(Uint128& milliseconds);
  /// The extent of `{ ... }` without the braces; goes behind it.
  bool braces(Extent& inside);
  std::uint32_t end_of_statement(std::uint32_t from) const;
  std::uint32_t end_of_braces(std::uint32_t open) const;

  const Source& source_;
  Definitions& definitions_;
  Lexer& lexer_;
  std::string_view family_;
  std::uint32_t registered_ = 0;
};

}  // namespace portpolicy::nft::text
