#include "host/nftables/dump.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "host/nftables/held_expression.h"

namespace portpolicy::host {
namespace {

template <class T>
using Owned = std::unique_ptr<T, void (*)(const T*)>;

using Sink = std::function<bool(const nlmsghdr*)>;
using Fill = std::function<void(nlmsghdr*)>;

int call_sink(const nlmsghdr* message, void* sink) {
  return (*static_cast<const Sink*>(sink))(message) ? MNL_CB_OK : MNL_CB_ERROR;
}

/// A string that the kernel always gives.
std::string text(const char* said) {
  return said == nullptr ? "" : said;
}

class Dump {
 public:
  explicit Dump(int socket) : socket_(socket), room_(room_size) {}
  Result<Held> run();

 private:
  static constexpr std::size_t room_size = 256 * 1024;  // the kernel fills at most 32 KiB at a time

  /// Asks for all of one kind; each message of the answer goes to `sink`, which says whether it could be read.
  bool ask(std::uint16_t type, std::uint16_t family, const Fill& fill, const Sink& sink);
  bool send(const nlmsghdr* request) const;
  bool receive(std::uint32_t sequence, const Sink& sink);

  bool take_table(const nlmsghdr* message);
  bool take_chain(const nlmsghdr* message);
  bool take_set(const nlmsghdr* message);
  bool take_object(const nlmsghdr* message);
  bool take_rule(const nlmsghdr* message);
  bool ask_for_elements(HeldTable& table, const std::string& name, HeldSet& set);

  HeldTable* table(std::uint32_t family, const char* name);
  HeldChain* chain(std::uint32_t family, const char* table_name, const char* name);

  int socket_;
  std::uint32_t sequence_ = 0;
  std::vector<char> room_;
  Held held_;
  std::map<std::pair<std::uint32_t, std::string>, std::size_t> table_at_;
  std::map<std::pair<std::size_t, std::string>, std::size_t> chain_at_;
};

bool Dump::send(const nlmsghdr* request) const {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  while (true) {
    const ssize_t sent =
        ::sendto(socket_, request, request->nlmsg_len, 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
    if (sent >= 0 || errno != EINTR) return sent == static_cast<ssize_t>(request->nlmsg_len);
  }
}

bool Dump::receive(std::uint32_t sequence, const Sink& sink) {
  while (true) {
    const ssize_t got = ::recv(socket_, room_.data(), room_.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0 || static_cast<std::size_t>(got) > room_.size()) {
      errno = EMSGSIZE;
      return false;
    }
    errno = 0;
    const int state =
        mnl_cb_run(room_.data(), static_cast<std::size_t>(got), sequence, 0, call_sink, const_cast<Sink*>(&sink));
    if (state == MNL_CB_STOP) return true;
    if (state == MNL_CB_ERROR) return false;
  }
}

bool Dump::ask(std::uint16_t type, std::uint16_t family, const Fill& fill, const Sink& sink) {
  alignas(nlmsghdr) char buffer[1024];  // at most two names of 255 bytes
  nlmsghdr* request = nftnl_nlmsg_build_hdr(buffer, type, family, NLM_F_DUMP, ++sequence_);
  if (fill) fill(request);
  return send(request) && receive(sequence_, sink);
}

HeldTable* Dump::table(std::uint32_t family, const char* name) {
  const auto found = table_at_.find({family, text(name)});
  return found == table_at_.end() ? nullptr : &held_[found->second];
}

HeldChain* Dump::chain(std::uint32_t family, const char* table_name, const char* name) {
  HeldTable* in = table(family, table_name);
  if (in == nullptr) return nullptr;
  const auto found = chain_at_.find({static_cast<std::size_t>(in - held_.data()), text(name)});
  return found == chain_at_.end() ? nullptr : &in->chains[found->second];
}

bool Dump::take_table(const nlmsghdr* message) {
  const Owned<nftnl_table> said(nftnl_table_alloc(), nftnl_table_free);
  if (!said || nftnl_table_nlmsg_parse(message, said.get()) < 0) return false;
  const std::uint32_t family = nftnl_table_get_u32(said.get(), NFTNL_TABLE_FAMILY);
  const std::string name = text(nftnl_table_get_str(said.get(), NFTNL_TABLE_NAME));
  table_at_[{family, name}] = held_.size();
  HeldTable& table = held_.emplace_back();
  table.family = static_cast<TableFamily>(family);
  table.name = name;
  table.dormant = (nftnl_table_get_u32(said.get(), NFTNL_TABLE_FLAGS) & NFT_TABLE_F_DORMANT) != 0;
  return true;
}

bool Dump::take_chain(const nlmsghdr* message) {
  const Owned<nftnl_chain> said(nftnl_chain_alloc(), nftnl_chain_free);
  if (!said || nftnl_chain_nlmsg_parse(message, said.get()) < 0) return false;
  HeldTable* in =
      table(nftnl_chain_get_u32(said.get(), NFTNL_CHAIN_FAMILY), nftnl_chain_get_str(said.get(), NFTNL_CHAIN_TABLE));
  if (in == nullptr) return false;
  HeldChain chain{text(nftnl_chain_get_str(said.get(), NFTNL_CHAIN_NAME)), std::nullopt, {}};
  if (nftnl_chain_is_set(said.get(), NFTNL_CHAIN_HOOKNUM))
    chain.hook = HeldHook{nftnl_chain_get_u32(said.get(), NFTNL_CHAIN_HOOKNUM),
                          nftnl_chain_get_s32(said.get(), NFTNL_CHAIN_PRIO),
                          text(nftnl_chain_get_str(said.get(), NFTNL_CHAIN_TYPE)),
                          nftnl_chain_get_u32(said.get(), NFTNL_CHAIN_POLICY) != NF_ACCEPT};
  chain_at_[{static_cast<std::size_t>(in - held_.data()), chain.name}] = in->chains.size();
  in->chains.push_back(std::move(chain));
  return true;
}

bool Dump::take_set(const nlmsghdr* message) {
  const Owned<nftnl_set> said(nftnl_set_alloc(), nftnl_set_free);
  if (!said || nftnl_set_nlmsg_parse(message, said.get()) < 0) return false;
  HeldTable* in =
      table(nftnl_set_get_u32(said.get(), NFTNL_SET_FAMILY), nftnl_set_get_str(said.get(), NFTNL_SET_TABLE));
  if (in == nullptr) return false;
  HeldSet& set = in->sets[text(nftnl_set_get_str(said.get(), NFTNL_SET_NAME))];
  const std::uint32_t flags = nftnl_set_get_u32(said.get(), NFTNL_SET_FLAGS);
  set.intervals = (flags & NFT_SET_INTERVAL) != 0;
  set.fleeting = (flags & (NFT_SET_EVAL | NFT_SET_TIMEOUT)) != 0;
  const bool has_values = (flags & (NFT_SET_MAP | NFT_SET_OBJECT)) != 0;
  set.verdicts = (flags & NFT_SET_MAP) != 0 && nftnl_set_get_u32(said.get(), NFTNL_SET_DATA_TYPE) == NFT_DATA_VERDICT;
  set.map = has_values && !set.verdicts;
  set.key_size = nftnl_set_get_u32(said.get(), NFTNL_SET_KEY_LEN);
  if (nftnl_set_is_set(said.get(), NFTNL_SET_TIMEOUT)) set.timeout = nftnl_set_get_u64(said.get(), NFTNL_SET_TIMEOUT);
  std::uint32_t size = 0;
  if (nftnl_set_is_set(said.get(), NFTNL_SET_DESC_CONCAT)) {
    const auto* lengths =
        static_cast<const std::uint8_t*>(nftnl_set_get_data(said.get(), NFTNL_SET_DESC_CONCAT, &size));
    if (lengths != nullptr) set.fields.assign(lengths, lengths + size);
  }
  return true;
}

bool Dump::take_object(const nlmsghdr* message) {
  const Owned<nftnl_obj> said(nftnl_obj_alloc(), nftnl_obj_free);
  if (!said || nftnl_obj_nlmsg_parse(message, said.get()) < 0) return false;
  if (nftnl_obj_get_u32(said.get(), NFTNL_OBJ_TYPE) != NFT_OBJECT_LIMIT) return true;
  HeldTable* in =
      table(nftnl_obj_get_u32(said.get(), NFTNL_OBJ_FAMILY), nftnl_obj_get_str(said.get(), NFTNL_OBJ_TABLE));
  if (in == nullptr) return false;
  in->limits[text(nftnl_obj_get_str(said.get(), NFTNL_OBJ_NAME))] = held_limit(said.get());
  return true;
}

int take_comment(const nftnl_udata* part, void* into) {
  if (nftnl_udata_type(part) != NFTNL_UDATA_RULE_COMMENT) return MNL_CB_OK;
  const char* begin = static_cast<const char*>(nftnl_udata_get(part));
  static_cast<std::string*>(into)->assign(begin, strnlen(begin, nftnl_udata_len(part)));
  return MNL_CB_OK;
}

int take_expression(nftnl_expr* expression, void* into) {
  static_cast<HeldRule*>(into)->expressions.push_back(held_expression(expression));
  return MNL_CB_OK;
}

bool Dump::take_rule(const nlmsghdr* message) {
  const Owned<nftnl_rule> said(nftnl_rule_alloc(), nftnl_rule_free);
  if (!said || nftnl_rule_nlmsg_parse(message, said.get()) < 0) return false;
  HeldChain* in =
      chain(nftnl_rule_get_u32(said.get(), NFTNL_RULE_FAMILY), nftnl_rule_get_str(said.get(), NFTNL_RULE_TABLE),
            nftnl_rule_get_str(said.get(), NFTNL_RULE_CHAIN));
  if (in == nullptr) return false;
  HeldRule& rule = in->rules.emplace_back();
  rule.handle = nftnl_rule_get_u64(said.get(), NFTNL_RULE_HANDLE);
  std::uint32_t size = 0;
  if (nftnl_rule_is_set(said.get(), NFTNL_RULE_USERDATA)) {
    const void* data = nftnl_rule_get_data(said.get(), NFTNL_RULE_USERDATA, &size);
    nftnl_udata_parse(data, size, take_comment, &rule.comment);
  }
  nftnl_expr_foreach(said.get(), take_expression, &rule);
  return true;
}

Bytes element_bytes(nftnl_set_elem* element, std::uint16_t attribute) {
  std::uint32_t size = 0;
  if (!nftnl_set_elem_is_set(element, attribute)) return {};
  const auto* begin = static_cast<const std::uint8_t*>(nftnl_set_elem_get(element, attribute, &size));
  return {begin, begin + size};
}

/// What an element itself limits has a say over whether it matches; what it counts has none. The statements of a set are
/// those of each of its elements.
int take_statement(nftnl_expr* expression, void* into) {
  if (!std::holds_alternative<Indifferent>(held_expression(expression)))
    static_cast<HeldElement*>(into)->fleeting = true;
  return 0;
}

int take_element(nftnl_set_elem* said, void* into) {
  auto& set = *static_cast<HeldSet*>(into);
  HeldElement& element = set.elements.emplace_back();
  element.key = element_bytes(said, NFTNL_SET_ELEM_KEY);
  element.last = element_bytes(said, NFTNL_SET_ELEM_KEY_END);
  std::uint32_t flags = 0;
  if (nftnl_set_elem_is_set(said, NFTNL_SET_ELEM_FLAGS)) flags = nftnl_set_elem_get_u32(said, NFTNL_SET_ELEM_FLAGS);
  element.ends = (flags & NFT_SET_ELEM_INTERVAL_END) != 0;
  element.others = (flags & NFT_SET_ELEM_CATCHALL) != 0;
  element.fleeting = nftnl_set_elem_is_set(said, NFTNL_SET_ELEM_TIMEOUT);
  nftnl_set_elem_expr_foreach(said, take_statement, &element);
  if (nftnl_set_elem_is_set(said, NFTNL_SET_ELEM_VERDICT))
    element.verdict = held_verdict(nftnl_set_elem_get_u32(said, NFTNL_SET_ELEM_VERDICT),
                                   nftnl_set_elem_is_set(said, NFTNL_SET_ELEM_CHAIN)
                                       ? nftnl_set_elem_get_str(said, NFTNL_SET_ELEM_CHAIN)
                                       : nullptr);
  return 0;
}

/// One object of libnftnl for each message, for it takes some 600 bytes an element.
bool Dump::ask_for_elements(HeldTable& table, const std::string& name, HeldSet& set) {
  const Owned<nftnl_set> wanted(nftnl_set_alloc(), nftnl_set_free);
  if (!wanted) return false;
  nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table.name.c_str());
  nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, name.c_str());
  const auto fill = [&](nlmsghdr* request) { nftnl_set_elems_nlmsg_build_payload(request, wanted.get()); };
  return ask(NFT_MSG_GETSETELEM, static_cast<std::uint16_t>(table.family), fill, [&](const nlmsghdr* message) {
    const Owned<nftnl_set> said(nftnl_set_alloc(), nftnl_set_free);
    if (!said || nftnl_set_elems_nlmsg_parse(message, said.get()) < 0) return false;
    nftnl_set_elem_foreach(said.get(), take_element, &set);
    return true;
  });
}

Result<Held> Dump::run() {
  const auto taker = [this](bool (Dump::*take)(const nlmsghdr*)) {
    return [this, take](const nlmsghdr* message) { return (this->*take)(message); };
  };
  const auto failed = [](const std::string& what) {
    return fail("cannot read " + what + " back from the kernel: " +
                (errno == 0 ? "its answer has a form that is not known" : std::strerror(errno)));
  };
  if (!ask(NFT_MSG_GETTABLE, NFPROTO_UNSPEC, {}, taker(&Dump::take_table))) return failed("tables");
  if (!ask(NFT_MSG_GETCHAIN, NFPROTO_UNSPEC, {}, taker(&Dump::take_chain))) return failed("chains");
  if (!ask(NFT_MSG_GETSET, NFPROTO_UNSPEC, {}, taker(&Dump::take_set))) return failed("sets");
  for (HeldTable& table : held_)
    for (auto& [name, set] : table.sets)
      if (!ask_for_elements(table, name, set)) return failed("the elements of set " + name);
  if (!ask(NFT_MSG_GETOBJ, NFPROTO_UNSPEC, {}, taker(&Dump::take_object))) return failed("limits");
  if (!ask(NFT_MSG_GETRULE, NFPROTO_UNSPEC, {}, taker(&Dump::take_rule))) return failed("rules");
  return std::move(held_);
}

}  // namespace

Result<Held> dump(int netlink_socket) {
  return Dump(netlink_socket).run();
}

std::string to_string(const HeldTable& table) {
  const auto family = [&] {
    switch (table.family) {
      case TableFamily::inet:
        return "inet ";
      case TableFamily::ip:
        return "ip ";
      case TableFamily::arp:
        return "arp ";
      case TableFamily::netdev:
        return "netdev ";
      case TableFamily::bridge:
        return "bridge ";
      case TableFamily::ip6:
        return "ip6 ";
    }
    return "";
  };
  return family() + table.name;
}

}  // namespace portpolicy::host
