#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "backends/nftables/read_source.h"
#include "compiler/base/address.h"

namespace portpolicy::nft::text {

struct Token {
  enum class Kind : std::uint8_t {
    end,
    newline,
    word,     ///< a name or keyword, `eth*`, `1h30m`, a hardware address
    number,   ///< decimal or 0x...; `value` is it
    address,  ///< of IPv4 or IPv6; `value` is it
    quoted,   ///< `text` without the quotes
    symbol,
    bad,  ///< nothing that nft has; it was reported
  };
  Kind kind = Kind::end;
  Family family = Family::ipv4;  ///< of an address
  std::string_view text;         ///< a part of the script
  Uint128 value = 0;

  bool is(std::string_view what) const { return text == what && (kind == Kind::word || kind == Kind::symbol); }
  bool is_end() const { return kind == Kind::end; }
  /// A word or a quoted text.
  bool is_name() const { return kind == Kind::word || kind == Kind::quoted; }
  /// A word that tables, chains and sets may have as their name.
  bool is_identifier() const { return kind == Kind::word && (text[0] < '0' || text[0] > '9') && text.back() != '*'; }
};

/// The tokens of a part of the script. Variables are replaced by the tokens of their values.
class Lexer {
 public:
  enum class Newlines : std::uint8_t { are_tokens, are_spaces };
  Lexer(const Source& source, const Definitions& definitions, Extent extent, Newlines newlines);

  const Token& peek() const { return token_; }
  Token next();
  bool at_end() const { return token_.is_end(); }
  /// Goes over the next token if it is this word or symbol.
  bool take(std::string_view what);
  /// Where the next token begins in the script; in a variable, where that is used.
  std::uint32_t position() const { return position_; }
  /// The end of the last token that was taken.
  std::uint32_t last_end() const { return last_end_; }
  /// Goes on from there. Not inside of a variable.
  void jump_to(std::uint32_t position);
  /// The tokens from here up to where another lexer of the same text is, spaced as nft lists them.
  std::string text_up_to(const Lexer& other) const;
  void newlines(Newlines newlines) { newlines_ = newlines; }

 private:
  struct Frame {
    const char* at;
    const char* end;
  };
  void advance();
  bool skip_spaces();
  Token read();
  Token read_word(const char* begin);
  Token read_number(const char* begin);
  Token make(Token::Kind kind, const char* begin, const char* end);
  Token expand();
  Token bad(const char* begin, const char* end, std::string message);

  const Source* source_;
  const Definitions* definitions_;
  Newlines newlines_;
  std::vector<Frame> outer_;  ///< where to go on when the value of a variable ends
  Frame frame_;
  Token token_;
  std::uint32_t position_ = 0, last_end_ = 0;
  std::uint32_t token_end_ = 0;
  std::uint32_t expansions_ = 0;
};

}  // namespace portpolicy::nft::text
