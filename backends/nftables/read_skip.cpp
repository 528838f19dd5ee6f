#include "backends/nftables/read_skip.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

// Fields of one word, and headers that a field follows.
constexpr std::array<std::string_view, 22> alone{"mark",  "iiftype", "oiftype",   "iifgroup", "oifgroup", "skuid",
                                                 "skgid", "nftrace", "rtclassid", "ibrname",  "obrname",  "pkttype",
                                                 "cpu",   "cgroup",  "time",      "day",      "hour",     "iif",
                                                 "oif",   "iifname", "oifname",   "symhash"};
constexpr std::array<std::string_view, 29> headers{"meta", "ip",   "ip6", "tcp",    "udp",  "udplite", "sctp", "dccp",
                                                   "th",   "ah",   "esp", "comp",   "icmp", "icmpv6",  "igmp", "ether",
                                                   "vlan", "arp",  "dst", "hbh",    "rt",   "rt0",     "rt2",  "rt4",
                                                   "srh",  "frag", "mh",  "exthdr", "gre"};

template <std::size_t N>
bool is_one_of(const Token& token, const std::array<std::string_view, N>& words) {
  return token.kind == Kind::word && std::ranges::find(words, token.text) != words.end();
}

bool is_operator(const Token& token) {
  constexpr std::array<std::string_view, 5> symbols{"&", "|", "^", "<<", ">>"};
  constexpr std::array<std::string_view, 5> words{"and", "or", "xor", "lshift", "rshift"};
  return (token.kind == Kind::symbol && std::ranges::find(symbols, token.text) != symbols.end()) ||
         is_one_of(token, words);
}

bool skip_parentheses(Lexer& lexer) {
  int depth = 0;
  do {
    const Token token = lexer.next();
    if (token.is_end()) return false;
    depth += token.is("(") ? 1 : token.is(")") ? -1 : 0;
  } while (depth > 0);
  return true;
}

bool skip_fib(Lexer& lexer) {
  do lexer.next();
  while (lexer.take("."));
  return lexer.next().kind == Kind::word;
}

bool skip_ct(Lexer& lexer) {
  if (lexer.take("original") || lexer.take("reply")) {
    if (lexer.take("ip") || lexer.take("ip6")) return lexer.next().kind == Kind::word;
    return lexer.next().kind == Kind::word;
  }
  if (lexer.take("count")) return true;
  return lexer.next().kind == Kind::word;
}

/// Whether the header has this field, of those that most rules look at; of others, everything may be one.
bool has_field(std::string_view header, std::string_view field) {
  struct Header {
    std::string_view name, fields;
  };
  constexpr std::array<Header, 6> known{{
      {"ip", " version hdrlength dscp ecn length id frag-off ttl protocol checksum saddr daddr option "},
      {"ip6", " version dscp ecn flowlabel length nexthdr hoplimit saddr daddr "},
      {"tcp", " sport dport sequence ackseq doff reserved flags window checksum urgptr option "},
      {"udp", " sport dport length checksum "},
      {"th", " sport dport "},
      {"meta",
       " length protocol priority mark iif oif iifname oifname iiftype oiftype skuid skgid nftrace rtclassid ibriport"
       " obriport ibrname obrname pkttype cpu iifgroup oifgroup cgroup random ipsec secpath nfproto l4proto iifkind "
       "oifkind"
       " ibrpvid ibrvproto ibrhwaddr sdif sdifname time hour day broute "},
  }};
  const auto it = std::ranges::find(known, header, &Header::name);
  return it == known.end() || it->fields.contains(" " + std::string(field) + " ");
}

/// `option NAME FIELD` and `chunk NAME [FIELD]`.
bool skip_header(Lexer& lexer, std::string_view header) {
  const bool option = lexer.peek().is("option") || lexer.peek().is("chunk");
  const bool existence = lexer.peek().is("option") || lexer.peek().is("chunk");
  const Token field = lexer.next();
  if (field.kind == Kind::symbol && field.is("@")) return lexer.next().kind == Kind::word;
  if (field.kind != Kind::word || !has_field(header, field.text)) return false;
  if (!option) return true;
  lexer.next();
  const Token& next = lexer.peek();
  if (existence && next.kind == Kind::word && !next.is("exists") && !next.is("missing")) lexer.next();
  return true;
}

/// `numgen inc mod 10 offset 3`, `jhash ip saddr . tcp dport mod 2 seed 0x1 offset 1`
bool skip_generator(Lexer& lexer) {
  while (!lexer.at_end() && !lexer.peek().is("mod")) lexer.next();
  if (!lexer.take("mod")) return false;
  lexer.next();
  while (lexer.take("seed") || lexer.take("offset")) lexer.next();
  return true;
}

bool skip_field(Lexer& lexer) {
  const Token first = lexer.peek();
  if (first.is("(")) return skip_parentheses(lexer);
  if (first.is("@")) {
    lexer.next();
    for (int i = 0; i < 5; ++i) lexer.next();  // base, offset, length
    return true;
  }
  if (first.kind != Kind::word) return false;
  lexer.next();
  if (first.is("symhash")) return skip_generator(lexer);
  if (is_one_of(first, alone)) return true;
  if (first.is("fib")) return skip_fib(lexer);
  if (first.is("ct")) return skip_ct(lexer);
  if (first.is("numgen") || first.is("jhash")) return skip_generator(lexer);
  if (first.is("socket")) {
    if (!lexer.next().is("cgroupv2")) return true;
    return !lexer.take("level") || lexer.next().kind == Kind::number;
  }
  if (first.is("osf")) {
    if (lexer.take("ttl")) lexer.next();
    return lexer.next().kind == Kind::word;
  }
  if (first.is("ipsec")) {
    lexer.next();
    if (lexer.take("spnum")) lexer.next();
    if (lexer.take("ip") || lexer.take("ip6")) return lexer.next().kind == Kind::word;
    return lexer.next().kind == Kind::word;
  }
  if (first.is("rt") && (lexer.take("ip") || lexer.take("ip6"))) return lexer.next().kind == Kind::word;
  if (!is_one_of(first, headers)) return false;
  return skip_header(lexer, first.text);
}

}  // namespace

bool skip_fields(Lexer& lexer) {
  do {
    if (!skip_field(lexer)) return false;
    while (is_operator(lexer.peek())) {
      lexer.next();
      if (lexer.peek().is("(")) {
        if (!skip_parentheses(lexer)) return false;
      } else {
        lexer.next();
      }
    }
  } while (lexer.take("."));
  return true;
}

bool skip_braces(Lexer& lexer) {
  int depth = 0;
  do {
    const Token token = lexer.next();
    if (token.is_end() || token.kind == Kind::bad) return false;
    depth += token.is("{") ? 1 : token.is("}") ? -1 : 0;
  } while (depth > 0);
  return true;
}

bool skip_values(Lexer& lexer) {
  if (lexer.peek().is("{")) return skip_braces(lexer);
  if (lexer.take("@")) return lexer.next().is_name();
  constexpr std::array<std::string_view, 7> links{"-", "/", ",", ".", ":", "|", "&"};
  for (;;) {
    const Token& token = lexer.peek();
    if (token.is("(")) {
      if (!skip_parentheses(lexer)) return false;
    } else if (token.is_name() || token.kind == Kind::number || token.kind == Kind::address) {
      lexer.next();
    } else {
      return false;
    }
    const Token& link = lexer.peek();
    const bool goes_on = link.kind == Kind::symbol && std::ranges::find(links, link.text) != links.end();
    if (!goes_on && !is_operator(link)) return true;
    lexer.next();
  }
}

void skip_statement(Lexer& lexer) {
  constexpr std::array<std::string_view, 10> others{"accept", "drop",     "reject",  "jump", "goto",
                                                    "return", "continue", "counter", "log",  "comment"};
  lexer.next();
  while (!lexer.at_end() && !is_one_of(lexer.peek(), others)) {
    if (lexer.peek().is("{")) {
      if (!skip_braces(lexer)) return;
    } else {
      lexer.next();
    }
  }
}

}  // namespace portpolicy::nft::text
