#include "backends/common/resolve.h"

#include "backends/common/conditions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <span>

namespace portpolicy::backend {
namespace {

/// Before they are cut by each other, rules have 64 at most (`MergeLimits::tuples_of_rule`).
constexpr std::size_t most_claims_of_rule = 200;

/// One range of addresses to one service, of the rule that stands at this place.
struct Claim {
  Service service;
  std::uint32_t place;
  Interval<Uint128> addresses;
};

Answer answer_for(const filter::Rule& rule, Protocol protocol) {
  return answer_of(std::get<Verdict>(rule.action), protocol == protocols::tcp ? TcpShare::all : TcpShare::none);
}

/// Where one service ends and the next begins, ascending, by protocol.
using Cuts = std::map<Protocol, std::vector<unsigned>>;

Cuts cuts_of(const std::vector<Tabular>& rules, std::size_t most_enumerated) {
  Cuts cuts;
  for (const Tabular& rule : rules) {
    for (const Protocol protocol : *rule.protocols) {
      std::vector<unsigned>& of_protocol = cuts[protocol];
      for (const auto& ports : rule.ports->intervals()) {
        const bool enumerated = ports.last - ports.first < static_cast<int>(most_enumerated);
        for (unsigned port = ports.first; enumerated && port <= ports.last; ++port) of_protocol.push_back(port);
        if (!enumerated) of_protocol.push_back(ports.first);
        of_protocol.push_back(ports.last + 1u);
      }
    }
  }
  for (auto& [protocol, of_protocol] : cuts) {
    std::sort(of_protocol.begin(), of_protocol.end());
    of_protocol.erase(std::unique(of_protocol.begin(), of_protocol.end()), of_protocol.end());
  }
  return cuts;
}

template <class Visit>
void for_each_service(const Tabular& rule, const Cuts& cuts, Visit visit) {
  for (const Protocol protocol : *rule.protocols) {
    const std::vector<unsigned>& all = cuts.at(protocol);
    for (const auto& ports : rule.ports->intervals()) {
      // The end of these ports is a cut too, so there is always a next one.
      for (auto at = std::lower_bound(all.begin(), all.end(), ports.first); *at <= ports.last; ++at)
        visit(Service{protocol, {static_cast<std::uint16_t>(*at), static_cast<std::uint16_t>(*(at + 1) - 1)}});
    }
  }
}

/// Nothing where there are too many.
std::optional<std::vector<Claim>> claims_of(const std::vector<Tabular>& rules, Family family,
                                            Interval<Uint128> everything, const MergeLimits& most) {
  const Cuts cuts = cuts_of(rules, most.enumerated_ports);
  const std::size_t most_claims = rules.size() * most_claims_of_rule + 10'000;
  std::vector<Claim> claims;
  for (std::uint32_t place = 0; place < rules.size(); ++place) {
    const Tabular& rule = rules[place];
    for_each_service(rule, cuts, [&](const Service& service) {
      const auto claim = [&](Uint128 first, Uint128 last) { claims.push_back({service, place, {first, last}}); };
      if (rule.addresses == nullptr) claim(everything.first, everything.last);
      else if (family == Family::ipv4)
        for (const auto& range : rule.addresses->v4.intervals()) claim(range.first, range.last);
      else
        for (const auto& range : rule.addresses->v6.intervals()) claim(range.first, range.last);
    });
    if (claims.size() > most_claims) return std::nullopt;
  }
  return claims;
}

class Resolver {
 public:
  Resolver(const std::vector<Tabular>& rules, Interval<Uint128> everything) : rules_(rules), everything_(everything) {}

  Resolved run(std::vector<Claim> claims) {
    std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) {
      if (a.service != b.service) return a.service < b.service;
      return a.addresses.first != b.addresses.first ? a.addresses.first < b.addresses.first : a.place < b.place;
    });
    for (auto begin = claims.begin(); begin != claims.end();) {
      const auto end = std::find_if(begin, claims.end(), [&](const Claim& c) { return c.service != begin->service; });
      resolve(std::span(begin, end));
      begin = end;
    }
    return std::move(result_);
  }

 private:
  /// All claims to one service.
  void resolve(std::span<const Claim> claims) {
    std::optional<std::uint32_t> for_all;
    for (const Claim& claim : claims)
      if (claim.addresses == everything_) for_all = std::min(for_all.value_or(claim.place), claim.place);
    const Service service = claims.front().service;
    sweep(claims);
    if (pieces_.size() == 1 && pieces_.front().addresses == everything_) {
      result_.open.emplace_back(service, pieces_.front().answer);
      return;
    }
    if (for_all) {
      const Answer rest = answer_for(*rules_[*for_all].rule, service.protocol);
      std::erase_if(pieces_, [&](const Resolved::Entry& piece) { return piece.answer == rest; });
      result_.rest.emplace_back(service, rest);
    }
    result_.entries.insert(result_.entries.end(), pieces_.begin(), pieces_.end());
  }

  /// Goes through the addresses from the first to the last; of the claims to where it stands the first rule's holds.
  void sweep(std::span<const Claim> claims) {
    pieces_.clear();
    const auto later = [](const Claim* a, const Claim* b) { return a->place > b->place; };
    std::priority_queue<const Claim*, std::vector<const Claim*>, decltype(later)> here(later);
    auto next = claims.begin();
    Uint128 at = 0;
    while (next != claims.end() || !here.empty()) {
      if (here.empty()) at = next->addresses.first;
      for (; next != claims.end() && next->addresses.first <= at; ++next) here.push(&*next);
      while (!here.empty() && here.top()->addresses.last < at) here.pop();
      if (here.empty()) continue;
      const Claim& claim = *here.top();
      Uint128 last = claim.addresses.last;
      if (next != claims.end()) last = std::min(last, next->addresses.first - 1);
      add_piece(claim, {at, last});
      if (last == everything_.last) return;
      at = last + 1;
    }
  }

  void add_piece(const Claim& claim, Interval<Uint128> addresses) {
    const Answer answer = answer_for(*rules_[claim.place].rule, claim.service.protocol);
    if (!pieces_.empty() && pieces_.back().answer == answer && pieces_.back().addresses.last + 1 == addresses.first)
      pieces_.back().addresses.last = addresses.last;
    else pieces_.push_back({claim.service, addresses, answer});
  }

  const std::vector<Tabular>& rules_;
  Interval<Uint128> everything_;
  Resolved result_;
  std::vector<Resolved::Entry> pieces_;  ///< of the service at hand
};

}  // namespace

std::optional<Resolved> resolve(const std::vector<Tabular>& rules, Family family, const MergeLimits& most) {
  const Interval<Uint128> everything{0, family == Family::ipv4 ? Uint128{0xffffffff} : ~Uint128{0}};
  std::optional<std::vector<Claim>> claims = claims_of(rules, family, everything, most);
  if (!claims) return std::nullopt;
  return Resolver(rules, everything).run(std::move(*claims));
}

}  // namespace portpolicy::backend
