#include "host/nftables/held_expression.h"

#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <string_view>

namespace portpolicy::host {
namespace {

constexpr unsigned bytes_of_register = 4, bytes_of_old_register = 16;

/// Registers have two numberings: four of 16 bytes, and 16 of four bytes over the same room.
Register place_of(std::uint32_t number) {
  if (number >= NFT_REG32_00) return (number - NFT_REG32_00) * bytes_of_register;
  return (number - NFT_REG_1) * bytes_of_old_register;
}

class Reader {
 public:
  explicit Reader(const nftnl_expr* expression) : expression_(expression) {}

  bool has(std::uint16_t attribute) const { return nftnl_expr_is_set(expression_, attribute); }
  std::uint32_t number(std::uint16_t attribute) const {
    return has(attribute) ? nftnl_expr_get_u32(expression_, attribute) : 0;
  }
  std::uint64_t large(std::uint16_t attribute) const {
    return has(attribute) ? nftnl_expr_get_u64(expression_, attribute) : 0;
  }
  std::string text(std::uint16_t attribute) const {
    const char* said = has(attribute) ? nftnl_expr_get_str(expression_, attribute) : nullptr;
    return said == nullptr ? "" : said;
  }
  Register place(std::uint16_t attribute) const { return place_of(number(attribute)); }
  Bytes bytes(std::uint16_t attribute) const {
    std::uint32_t size = 0;
    const void* data = has(attribute) ? nftnl_expr_get(expression_, attribute, &size) : nullptr;
    const auto* begin = static_cast<const std::uint8_t*>(data);
    return data == nullptr ? Bytes() : Bytes(begin, begin + size);
  }
  const nftnl_expr* raw() const { return expression_; }

 private:
  const nftnl_expr* expression_;
};

/// The names of nft(8), for people.
std::string meta_name(std::uint32_t key) {
  switch (key) {
    case NFT_META_LEN:
      return "meta length";
    case NFT_META_PRIORITY:
      return "meta priority";
    case NFT_META_MARK:
      return "meta mark";
    case NFT_META_IIFTYPE:
      return "meta iiftype";
    case NFT_META_OIFTYPE:
      return "meta oiftype";
    case NFT_META_SKUID:
      return "meta skuid";
    case NFT_META_SKGID:
      return "meta skgid";
    case NFT_META_PKTTYPE:
      return "meta pkttype";
    case NFT_META_CPU:
      return "meta cpu";
    case NFT_META_IIFGROUP:
      return "meta iifgroup";
    case NFT_META_OIFGROUP:
      return "meta oifgroup";
    case NFT_META_CGROUP:
      return "meta cgroup";
    default:
      return "meta key " + std::to_string(key);
  }
}

std::string tracking_name(std::uint32_t key) {
  switch (key) {
    case NFT_CT_DIRECTION:
      return "ct direction";
    case NFT_CT_STATUS:
      return "ct status";
    case NFT_CT_MARK:
      return "ct mark";
    case NFT_CT_EXPIRATION:
      return "ct expiration";
    case NFT_CT_HELPER:
      return "ct helper";
    case NFT_CT_LABELS:
      return "ct label";
    case NFT_CT_ZONE:
      return "ct zone";
    default:
      return "ct key " + std::to_string(key);
  }
}

Expression meta(const Reader& read) {
  // What a rule sets of a packet's data is never asked for again without `LoadOther`.
  if (read.has(NFTNL_EXPR_META_SREG)) return Indifferent{};
  const Register to = read.place(NFTNL_EXPR_META_DREG);
  switch (read.number(NFTNL_EXPR_META_KEY)) {
    case NFT_META_NFPROTO:
      return LoadMeta{LoadMeta::Key::family, to};
    case NFT_META_PROTOCOL:
      return LoadMeta{LoadMeta::Key::ether_type, to};
    case NFT_META_L4PROTO:
      return LoadMeta{LoadMeta::Key::protocol, to};
    case NFT_META_IIFNAME:
      return LoadMeta{LoadMeta::Key::in_name, to};
    case NFT_META_OIFNAME:
      return LoadMeta{LoadMeta::Key::out_name, to};
    case NFT_META_IIF:
      return LoadMeta{LoadMeta::Key::in_index, to};
    case NFT_META_OIF:
      return LoadMeta{LoadMeta::Key::out_index, to};
    default:
      return LoadOther{meta_name(read.number(NFTNL_EXPR_META_KEY)), to};
  }
}

Expression payload(const Reader& read) {
  if (read.has(NFTNL_EXPR_PAYLOAD_SREG)) return Unknown{"a change to the packet", true};
  const Register to = read.place(NFTNL_EXPR_PAYLOAD_DREG);
  const unsigned offset = read.number(NFTNL_EXPR_PAYLOAD_OFFSET), length = read.number(NFTNL_EXPR_PAYLOAD_LEN);
  switch (read.number(NFTNL_EXPR_PAYLOAD_BASE)) {
    case NFT_PAYLOAD_NETWORK_HEADER:
      return LoadPayload{LoadPayload::Base::network, offset, length, to};
    case NFT_PAYLOAD_TRANSPORT_HEADER:
      return LoadPayload{LoadPayload::Base::transport, offset, length, to};
    default:
      return LoadOther{"bytes of another header", to};
  }
}

Expression tracking(const Reader& read) {
  if (read.has(NFTNL_EXPR_CT_SREG)) return Indifferent{};
  const Register to = read.place(NFTNL_EXPR_CT_DREG);
  if (read.number(NFTNL_EXPR_CT_KEY) == NFT_CT_STATE) return LoadState{to};
  return LoadOther{tracking_name(read.number(NFTNL_EXPR_CT_KEY)), to};
}

Expression compare(const Reader& read) {
  using Operator = Compare::Operator;
  constexpr Operator operators[] = {Operator::equal,   Operator::not_equal, Operator::less,
                                    Operator::at_most, Operator::greater,   Operator::at_least};
  static_assert(NFT_CMP_EQ == 0 && NFT_CMP_NEQ == 1 && NFT_CMP_LT == 2 && NFT_CMP_LTE == 3 && NFT_CMP_GT == 4 &&
                NFT_CMP_GTE == 5);
  const std::uint32_t by = read.number(NFTNL_EXPR_CMP_OP);
  if (by >= std::size(operators)) return Unknown{"a comparison", false};
  return Compare{operators[by], read.place(NFTNL_EXPR_CMP_SREG), read.bytes(NFTNL_EXPR_CMP_DATA)};
}

Expression in_range(const Reader& read) {
  return InRange{read.number(NFTNL_EXPR_RANGE_OP) == NFT_RANGE_NEQ, read.place(NFTNL_EXPR_RANGE_SREG),
                 read.bytes(NFTNL_EXPR_RANGE_FROM_DATA), read.bytes(NFTNL_EXPR_RANGE_TO_DATA)};
}

Expression bitwise(const Reader& read) {
  const Register to = read.place(NFTNL_EXPR_BITWISE_DREG);
  if (read.number(NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL) return LoadOther{"a shifted value", to};
  return Bitwise{read.place(NFTNL_EXPR_BITWISE_SREG), to, read.bytes(NFTNL_EXPR_BITWISE_MASK),
                 read.bytes(NFTNL_EXPR_BITWISE_XOR)};
}

Expression lookup(const Reader& read) {
  Lookup lookup{read.text(NFTNL_EXPR_LOOKUP_SET), read.place(NFTNL_EXPR_LOOKUP_SREG),
                (read.number(NFTNL_EXPR_LOOKUP_FLAGS) & NFT_LOOKUP_F_INV) != 0, std::nullopt};
  const std::uint32_t to = read.number(NFTNL_EXPR_LOOKUP_DREG);
  if (read.has(NFTNL_EXPR_LOOKUP_DREG) && to != NFT_REG_VERDICT) lookup.to = place_of(to);
  return lookup;
}

Expression immediate(const Reader& read) {
  if (read.number(NFTNL_EXPR_IMM_DREG) != NFT_REG_VERDICT)
    return LoadConstant{read.bytes(NFTNL_EXPR_IMM_DATA), read.place(NFTNL_EXPR_IMM_DREG)};
  const std::string chain = read.text(NFTNL_EXPR_IMM_CHAIN);
  return Decide{held_verdict(read.number(NFTNL_EXPR_IMM_VERDICT), chain.c_str())};
}

HeldLimit limit_of(const Reader& read) {
  return {read.large(NFTNL_EXPR_LIMIT_RATE), read.large(NFTNL_EXPR_LIMIT_UNIT), read.number(NFTNL_EXPR_LIMIT_BURST),
          read.number(NFTNL_EXPR_LIMIT_TYPE) != NFT_LIMIT_PKTS,
          (read.number(NFTNL_EXPR_LIMIT_FLAGS) & NFT_LIMIT_F_INV) != 0};
}

int note_statement(nftnl_expr* expression, void* into) {
  const Reader read(expression);
  const bool is_limit = read.text(NFTNL_EXPR_NAME) == "limit";
  static_cast<UpdateSet*>(into)->limits.push_back(is_limit ? std::optional(limit_of(read)) : std::nullopt);
  return 0;
}

Expression update_set(const Reader& read) {
  UpdateSet update{read.text(NFTNL_EXPR_DYNSET_SET_NAME),
                   read.place(NFTNL_EXPR_DYNSET_SREG_KEY),
                   (read.number(NFTNL_EXPR_DYNSET_FLAGS) & NFT_DYNSET_F_INV) != 0,
                   read.number(NFTNL_EXPR_DYNSET_OP) == NFT_DYNSET_OP_DELETE,
                   read.number(NFTNL_EXPR_DYNSET_OP) == NFT_DYNSET_OP_UPDATE,
                   read.large(NFTNL_EXPR_DYNSET_TIMEOUT),
                   {}};
  nftnl_expr_expr_foreach(read.raw(), note_statement, &update);
  return update;
}

Expression object(const Reader& read) {
  if (!read.has(NFTNL_EXPR_OBJREF_IMM_NAME)) return Unknown{"an object out of a map", true};
  switch (read.number(NFTNL_EXPR_OBJREF_IMM_TYPE)) {
    case NFT_OBJECT_LIMIT:
      return NamedLimitTo{read.text(NFTNL_EXPR_OBJREF_IMM_NAME)};
    case NFT_OBJECT_COUNTER:
      return Indifferent{};
    case NFT_OBJECT_QUOTA:
    case NFT_OBJECT_CONNLIMIT:
    case NFT_OBJECT_CT_HELPER:
    case NFT_OBJECT_CT_TIMEOUT:
    case NFT_OBJECT_CT_EXPECT:
    case NFT_OBJECT_SECMARK:
      return Unknown{"the object " + read.text(NFTNL_EXPR_OBJREF_IMM_NAME), false};
    default:
      return Unknown{"the object " + read.text(NFTNL_EXPR_OBJREF_IMM_NAME), true};
  }
}

/// Expressions that only load something of which portpolicy knows nothing.
std::optional<LoadOther> other_load(const Reader& read, std::string_view name) {
  constexpr std::pair<std::string_view, std::uint16_t> loads[] = {
      {"fib", NFTNL_EXPR_FIB_DREG},       {"rt", NFTNL_EXPR_RT_DREG},     {"socket", NFTNL_EXPR_SOCKET_DREG},
      {"osf", NFTNL_EXPR_OSF_DREG},       {"numgen", NFTNL_EXPR_NG_DREG}, {"hash", NFTNL_EXPR_HASH_DREG},
      {"exthdr", NFTNL_EXPR_EXTHDR_DREG}, {"xfrm", NFTNL_EXPR_XFRM_DREG}, {"tunnel", NFTNL_EXPR_TUNNEL_DREG}};
  for (const auto& [known, attribute] : loads)
    if (name == known && read.has(attribute)) return LoadOther{std::string(name), read.place(attribute)};
  return std::nullopt;
}

Expression by_name(const Reader& read, std::string_view name) {
  if (name == "meta") return meta(read);
  if (name == "payload") return payload(read);
  if (name == "ct") return tracking(read);
  if (name == "cmp") return compare(read);
  if (name == "range") return in_range(read);
  if (name == "bitwise") return bitwise(read);
  if (name == "lookup") return lookup(read);
  if (name == "immediate") return immediate(read);
  if (name == "limit") return LimitTo{limit_of(read)};
  if (name == "dynset") return update_set(read);
  if (name == "objref") return object(read);
  if (name == "log") return LogLine{read.text(NFTNL_EXPR_LOG_PREFIX)};
  if (name == "counter" || name == "last" || name == "notrack") return Indifferent{};
  if (name == "reject") return Reject{read.number(NFTNL_EXPR_REJECT_TYPE) == NFT_REJECT_TCP_RST};
  if (name == "byteorder")
    return Byteorder{read.place(NFTNL_EXPR_BYTEORDER_SREG), read.place(NFTNL_EXPR_BYTEORDER_DREG),
                     read.number(NFTNL_EXPR_BYTEORDER_SIZE), read.number(NFTNL_EXPR_BYTEORDER_LEN)};
  if (name == "quota" || name == "connlimit") return Unknown{std::string(name), false};
  if (std::optional<LoadOther> load = other_load(read, name)) return std::move(*load);
  return Unknown{std::string(name), true};
}

}  // namespace

Expression held_expression(const nftnl_expr* expression) {
  const Reader read(expression);
  return by_name(read, read.text(NFTNL_EXPR_NAME));
}

HeldVerdict held_verdict(std::uint32_t code, const char* chain) {
  using Code = HeldVerdict::Code;
  const std::string to = chain == nullptr ? "" : chain;
  switch (static_cast<std::int32_t>(code)) {
    case NF_ACCEPT:
      return {Code::accept, ""};
    case NF_DROP:
      return {Code::drop, ""};
    case NFT_JUMP:
      return {Code::jump, to};
    case NFT_GOTO:
      return {Code::go, to};
    case NFT_RETURN:
      return {Code::back, ""};
    case NFT_CONTINUE:
      return {Code::proceed, ""};
    default:
      return {Code::other, ""};
  }
}

HeldLimit held_limit(const nftnl_obj* object) {
  auto* from = const_cast<nftnl_obj*>(object);  // libnftnl's readers take no const
  return {nftnl_obj_get_u64(from, NFTNL_OBJ_LIMIT_RATE), nftnl_obj_get_u64(from, NFTNL_OBJ_LIMIT_UNIT),
          nftnl_obj_get_u32(from, NFTNL_OBJ_LIMIT_BURST),
          nftnl_obj_get_u32(from, NFTNL_OBJ_LIMIT_TYPE) != NFT_LIMIT_PKTS,
          (nftnl_obj_get_u32(from, NFTNL_OBJ_LIMIT_FLAGS) & NFT_LIMIT_F_INV) != 0};
}

}  // namespace portpolicy::host
