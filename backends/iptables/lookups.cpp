#include "backends/iptables/lookups.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "backends/common/prefixes.h"
#include "backends/common/resolve.h"

namespace portpolicy::iptables {

using backend::Resolved;
using backend::Service;

namespace {

constexpr std::array answers{Answer::accept, Answer::drop, Answer::reset, Answer::admin_prohibited};

std::string_view word_of(Answer answer) {
  switch (answer) {
    case Answer::accept:
      return "accept";
    case Answer::drop:
      return "drop";
    case Answer::reset:
      return "reset";
    case Answer::admin_prohibited:
      return "reject";
  }
  std::unreachable();
}

/// Whether a set of type hash:net,port can hold it (ipset(8)): it has no ranges of ports and does not know DCCP.
bool fits_in_set(const Service& service) {
  return !service.is_range() && service.protocol != protocols::dccp;
}

class Lookups {
 public:
  Lookups(TableWriter& writer, const backend::Piece& piece, ChainId to, const std::string& name)
      : writer_(writer),
        side_(piece.side.value_or(Side::source)),
        to_(to),
        name_(name),
        comment_(writer.new_comment(std::to_string(piece.tabular.size()) + " rules of " + name)) {}

  void write(const Resolved& resolved) {
    for (const Answer answer : answers) write_set(resolved.entries, answer);
    write_by_service(resolved.entries);
    write_services(resolved.open);
    write_services(resolved.rest);
  }

 private:
  void write_set(const std::vector<Resolved::Entry>& entries, Answer answer) {
    std::vector<std::pair<Prefix, Service>> elements;
    for (const Resolved::Entry& entry : entries) {
      if (entry.answer != answer || !fits_in_set(entry.service)) continue;
      backend::for_each_prefix(writer_.family(), entry.addresses,
                               [&](Prefix prefix) { elements.emplace_back(prefix, entry.service); });
    }
    if (elements.empty()) return;
    std::ranges::sort(elements);
    Set set{{}, true, {}, {}};
    for (const auto& [prefix, service] : elements) {
      set.prefixes.push_back(prefix);
      set.services.push_back(service);
    }
    const SetId id = writer_.add_set(std::move(set), name_ + "-" + std::string(word_of(answer)));
    Matches matches{InSet{id, side_}};
    // The kernel takes a reset only beside the protocol.
    if (answer == Answer::reset) matches.emplace_back(ProtocolIs{protocols::tcp});
    writer_.add(to_, {std::move(matches), {}, answer, comment_});
  }

  /// What no set of ports can hold: a list of addresses for each.
  void write_by_service(const std::vector<Resolved::Entry>& entries) {
    std::map<std::pair<Service, Answer>, std::vector<AddressRange>> lists;
    for (const Resolved::Entry& entry : entries)
      if (!fits_in_set(entry.service))
        lists[{entry.service, entry.answer}].push_back({writer_.family(), entry.addresses.first, entry.addresses.last});
    for (const auto& [what, ranges] : lists) {
      const auto& [service, answer] = what;
      for (const Match& match : writer_.address_matches(side_, ranges, name_))
        writer_.add(
            to_, {{match, ProtocolIs{service.protocol}, PortIn{Side::destination, service.protocol, {service.ports}}},
                  {},
                  answer,
                  comment_});
    }
  }

  /// Services of all addresses that are left.
  void write_services(const Resolved::Answers& services) {
    std::map<std::pair<Protocol, Answer>, std::vector<Interval<std::uint16_t>>> ports;
    for (const auto& [service, answer] : services) ports[{service.protocol, answer}].push_back(service.ports);
    for (const auto& [what, intervals] : ports) {
      const auto& [protocol, answer] = what;
      const PortSet set = PortSet::of(intervals);
      if (set.is_all()) writer_.add(to_, {{ProtocolIs{protocol}}, {}, answer, comment_});
      for (const Match& match : port_matches(Side::destination, protocol, set))
        writer_.add(to_, {{ProtocolIs{protocol}, match}, {}, answer, comment_});
    }
  }

  TableWriter& writer_;
  Side side_;
  ChainId to_;
  const std::string& name_;
  std::uint32_t comment_;
};

}  // namespace

void write_lookups(TableWriter& writer, const backend::Piece& piece, ChainId to, const std::string& name) {
  const auto resolved = backend::resolve(piece.tabular, writer.family(), writer.costs().merge);
  if (resolved) return Lookups(writer, piece, to, name).write(*resolved);
  for (const backend::Tabular& rule : piece.tabular) writer.lower_rule(*rule.rule, to);
}

}  // namespace portpolicy::iptables
