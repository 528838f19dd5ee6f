#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compiler/filter/filter.h"
#include "host/nftables/read_rule.h"

namespace portpolicy::host {

/// The address sets of a filter, each once.
class AddressSets {
 public:
  explicit AddressSets(filter::Filter& filter) : filter_(filter) {}
  filter::AddressSetId id(const AddressSet& addresses);

 private:
  struct Less {
    bool operator()(const AddressSet& a, const AddressSet& b) const;
  };
  filter::Filter& filter_;
  std::map<AddressSet, filter::AddressSetId, Less> known_;
};

/// Writes the rules of one chain into a filter.
///
/// What a filter's rule cannot ask, such as "none of these cases", becomes chains that go to each other: the packets that
/// the rule does not match go to a chain with the rest of the rules.
class ChainWriter {
 public:
  /// `of` is the one family that the chain sees, if it is one.
  ChainWriter(filter::Filter& filter, AddressSets& sets, filter::ChainId chain, std::optional<Family> of)
      : filter_(filter), sets_(sets), at_(chain), family_(of) {}
  void write(const ReadRule& rule, std::uint32_t origin);

 private:
  struct Step {
    std::optional<filter::LimitId> limit;
    filter::Action action;
  };
  filter::ChainId new_chain();
  void append(const Case& when, const Step& step);
  /// The same for any case; it may make a new chain the current one.
  void append_any(const Case& when, const filter::Action& action);
  /// All protocols but some, whatever `when` says of protocols.
  void append_except(const Case& when, const ProtocolSet& except, const filter::Action& action);
  void append_unusual(Case when, Family family, const ProtocolSet& wanted, const filter::Action& action);
  std::vector<filter::Match> matches(const Case& when);
  /// A rule as a union of cases with at most one limit.
  struct Flat {
    std::vector<Case> cases;
    std::optional<filter::LimitId> limit;
    std::vector<Case> asking;  ///< who comes to the limit
  };
  std::optional<Flat> flat(const ReadRule& rule) const;
  void write_flat(const ReadRule& rule, const Flat& flat);
  void write_stages(const ReadRule& rule);
  void write_stage(const ReadRule& rule, const Stage& stage, filter::ChainId rest);
  void write_limit(const ReadRule& rule, const Stage& stage, filter::ChainId rest);
  void write_endings(const ReadRule& rule, filter::ChainId rest);
  void write_perhaps(const ReadRule& rule);
  void write_deciding(const ReadRule& rule);
  void write_idle(ReadRule rule);

  filter::Filter& filter_;
  AddressSets& sets_;
  filter::ChainId at_;
  std::optional<Family> family_;
  std::uint32_t origin_ = 0;
  std::optional<filter::Log> log_;
};

}  // namespace portpolicy::host
