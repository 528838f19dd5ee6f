#include "host/nftables/read_rule.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "compiler/base/overloaded.h"
#include "host/nftables/elements.h"
#include "host/nftables/narrow.h"
#include "host/nftables/registers.h"

namespace portpolicy::host {
namespace {

using Kind = Stage::Kind;
using Code = HeldVerdict::Code;

void add(std::vector<filter::OpaqueId>& to, filter::OpaqueId condition) {
  if (std::ranges::find(to, condition) == to.end()) to.push_back(condition);
}

/// Whether these are neighbouring bytes of one field.
bool goes_on(const Source& one, const Source& next, const Box& known) {
  if (one.of != next.of || next.index != one.index + 1) return one.of == next.of && one.of == Source::Of::unknown;
  const auto field = field_of(one, known), next_field = field_of(next, known);
  return !field || !next_field || field->first == next_field->first;
}

/// A source that is forgotten begins with a full bucket. So its bucket must be full by then anyway.
bool lasts(const HeldLimit& limit, const UpdateSet& update, const HeldSet& set) {
  const std::uint64_t timeout = update.timeout != 0 ? update.timeout : set.timeout;
  if (timeout == 0) return true;
  constexpr unsigned milliseconds = 1000;
  return update.renews && Uint128{timeout} * limit.rate >= Uint128{limit.burst} * limit.seconds * milliseconds;
}

/// The expressions of one rule, in their order. After the first that decides, none is run, nor after one that no packet
/// passes.
class RuleReader {
 public:
  RuleReader(const Box& known, RuleContext& context) : context_(context) { rule_.base.box = known; }

  void take(const Expression& expression) {
    if (empty(rule_.base.box)) return;
    if (!ended_) std::visit([this](const auto& one) { run(one); }, expression);
    else if (goes_on_ && !harmless(expression)) may_end("what comes after a verdict map");
  }
  ReadRule result() { return std::move(rule_); }

 private:
  void run(const LoadMeta& load) { registers_.load(load); }
  void run(const LoadPayload& load) { registers_.load(load); }
  void run(const LoadState& load) { registers_.load(load); }
  void run(const LoadConstant& load) { registers_.load(load); }
  void run(const LoadOther& load) {
    registers_.load_unknown(load.what, load.to);
    not_understood(load.what);
  }
  void run(const Bitwise& bitwise) { registers_.apply(bitwise); }
  void run(const Byteorder& byteorder) { registers_.apply(byteorder); }
  void run(const Compare& compare);
  void run(const InRange& range);
  void run(const Lookup& lookup);
  void run(const UpdateSet& update);
  void run(const LimitTo& limit) { limited(limit.limit, context_.limit(limit.limit)); }
  void run(const NamedLimitTo& limit);
  void run(const Decide& decide);
  void run(const Reject& reject);
  void run(const LogLine& line) { rule_.log = filter::Log{line.prefix}; }
  void run(Indifferent) {}
  void run(const Unknown& unknown) {
    if (unknown.may_decide) may_end(unknown.what);
    registers_.forget_all();
    not_understood(unknown.what);
  }

  static bool harmless(const Expression& expression) {
    return std::holds_alternative<Indifferent>(expression) || std::holds_alternative<LogLine>(expression);
  }
  void not_understood(const std::string& what) { add(rule_.base.opaque, context_.opaque(what)); }
  void may_end(const std::string& what);
  std::string describe(const Sources& sources) const;

  void compare_each(const Sources& sources, const Bytes& with, bool negated);
  void compare_order(const Compare& compare, const Sources& sources);
  void limited(const HeldLimit& held, std::optional<filter::LimitId> id);
  bool is_source(const Sources& sources) const;

  /// The parts of the key of a lookup.
  struct Key {
    std::vector<std::size_t> sizes;
    std::vector<Sources> sources;
    std::vector<bool> tells;  ///< whether it tells which headers a packet has
    std::size_t size() const { return sizes.size(); }
  };
  std::optional<Key> key_of(const HeldSet& set, const Sources& sources) const;
  std::vector<std::size_t> sizes_of_key(const HeldSet& set, const Sources& sources) const;
  bool narrow_by(Box& box, const Sources& sources, const Numbers& values) const;
  std::optional<Box> packets_of(const Key& key, const KeyGroup& group) const;
  void look_up_one(const Lookup& lookup, const Key& key, const KeyGroups& groups);
  void look_up_any(const Lookup& lookup, const Key& key, const KeyGroups& groups);
  void look_up_none(const Lookup& lookup, const Key& key, const KeyGroups& groups);
  void look_up_verdict(const Lookup& lookup, const HeldSet& set, const Key& key, const KeyGroups& groups);
  void end_with(Case when, const HeldVerdict& verdict);

  RuleContext& context_;
  Registers registers_;
  ReadRule rule_;
  bool ended_ = false;
  bool goes_on_ = false;  ///< although it ended: some element of a verdict map says so
};

void RuleReader::may_end(const std::string& what) {
  Stage stage{Kind::perhaps, {}, std::nullopt};
  for (const Verdict verdict : perhaps) {
    Case at_end = rule_.base;
    add(at_end.opaque, context_.opaque(what + ", which may " + std::string(to_string(verdict))));
    stage.cases.push_back(std::move(at_end));
  }
  rule_.stages.push_back(std::move(stage));
}

/// What stands in the registers, for people.
std::string RuleReader::describe(const Sources& sources) const {
  for (const Source& source : sources) {
    switch (source.of) {
      case Source::Of::unknown:
        return registers_.unknown(source.index);
      case Source::Of::network:
        if (!field_of(source, rule_.base.box)) return "byte " + std::to_string(source.index) + " of the network header";
        break;
      case Source::Of::transport:
        if (!field_of(source, rule_.base.box))
          return "byte " + std::to_string(source.index) + " of the transport header";
        break;
      case Source::Of::in_index:
      case Source::Of::out_index:
        return "the number of an interface";
      case Source::Of::constant:
      case Source::Of::family:
      case Source::Of::ether_type:
      case Source::Of::protocol:
      case Source::Of::in_name:
      case Source::Of::out_name:
      case Source::Of::state:
        break;
    }
  }
  return "an unusual comparison";
}

/// Equality of several fields at once is that of each.
void RuleReader::compare_each(const Sources& sources, const Bytes& with, bool negated) {
  const std::optional<std::vector<Slice>> parts = slices(sources, rule_.base.box);
  if (!parts) return not_understood(describe(sources));
  Box box = rule_.base.box;
  std::size_t at = 0;
  for (const Slice& part : *parts) {
    const std::size_t size = part.bytes.size() + part.padding.size();
    const bool alone = parts->size() == 1;
    std::optional<Box> narrowed;
    if (size <= sizeof(Uint128)) {
      const Uint128 value = number(std::span(with).subspan(at, size));
      narrowed = narrow(box, part, Numbers::of({value, value}), alone && negated);
    }
    if (!narrowed) return not_understood(describe(sources));
    box = std::move(*narrowed);
    at += size;
  }
  if (negated && parts->size() > 1) rule_.stages.push_back({Kind::none_of, {{std::move(box), {}}}, std::nullopt});
  else rule_.base.box = std::move(box);
}

void RuleReader::compare_order(const Compare& compare, const Sources& sources) {
  using Operator = Compare::Operator;
  const std::optional<std::vector<Slice>> parts = slices(sources, rule_.base.box);
  if (!parts || parts->size() != 1 || compare.with.size() > sizeof(Uint128)) return not_understood(describe(sources));
  const Uint128 with = number(compare.with);
  const Numbers below = with == 0 ? Numbers() : Numbers::of({Uint128{0}, with - 1});
  const Numbers up_to = Numbers::of({Uint128{0}, with});
  const bool small = compare.by == Operator::less || compare.by == Operator::at_least;
  const bool negated = compare.by == Operator::at_least || compare.by == Operator::greater;
  std::optional<Box> box = narrow(rule_.base.box, parts->front(), small ? below : up_to, negated);
  if (!box) return not_understood(describe(sources));
  rule_.base.box = std::move(*box);
}

void RuleReader::run(const Compare& compare) {
  using Operator = Compare::Operator;
  const Sources sources = registers_.read(compare.from, compare.with.size());
  if (sources.empty()) return not_understood("a comparison of no register");
  if (compare.by == Operator::equal || compare.by == Operator::not_equal)
    return compare_each(sources, compare.with, compare.by == Operator::not_equal);
  compare_order(compare, sources);
}

void RuleReader::run(const InRange& range) {
  const Sources sources = registers_.read(range.from, range.first.size());
  const std::optional<std::vector<Slice>> parts = slices(sources, rule_.base.box);
  const bool fits = range.first.size() == range.last.size() && range.first.size() <= sizeof(Uint128);
  if (!parts || parts->size() != 1 || !fits) return not_understood(describe(sources));
  const Uint128 first = number(range.first), last = number(range.last);
  const Numbers values = first <= last ? Numbers::of({first, last}) : Numbers();
  std::optional<Box> box = narrow(rule_.base.box, parts->front(), values, range.negated);
  if (!box) return not_understood(describe(sources));
  rule_.base.box = std::move(*box);
}

void RuleReader::limited(const HeldLimit& held, std::optional<filter::LimitId> id) {
  if (id) rule_.stages.push_back({held.over ? Kind::over : Kind::within, {rule_.base}, id});
  else not_understood("a limit that counts bytes or by another unit");
}

void RuleReader::run(const NamedLimitTo& limit) {
  const HeldLimit* held = context_.limit_named(limit.name);
  if (held == nullptr) return not_understood("a limit that is not there");
  limited(*held, context_.named_limit(limit.name));
}

/// An IPv4 source address, or the first half of an IPv6 one.
bool RuleReader::is_source(const Sources& sources) const {
  const std::optional<Family> family = only_family(rule_.base.box);
  if (!family) return false;
  const bool v4 = *family == Family::ipv4;
  const unsigned offset = v4 ? 12 : 8, known_bytes = v4 ? 4 : 8;
  if (sources.size() != (v4 ? 4 : 16)) return false;
  for (unsigned i = 0; i < sources.size(); ++i) {
    const Source& source = sources[i];
    const std::uint8_t mask = i < known_bytes ? 255 : 0;
    if (source.of != Source::Of::network || source.index != offset + i || source.mask != mask || source.flip != 0)
      return false;
  }
  return true;
}

void RuleReader::run(const UpdateSet& update) {
  const HeldSet* set = context_.set(update.set);
  const auto other_use = [&](const std::string& what) {
    context_.other_use(update.set);
    not_understood(what + " the set " + update.set);
  };
  const bool limits = !update.negated && !update.removes && update.limits.size() == 1 && update.limits.front();
  if (set == nullptr || !limits) return other_use("what becomes of an element of");
  if (!is_source(registers_.read(update.from, set->key_size)))
    return other_use("a limit by something else than the source, in");
  const HeldLimit& held = *update.limits.front();
  if (!lasts(held, update, *set)) return other_use("a limit that forgets its sources, in");
  if (!set->elements.empty()) return other_use("a limit that some sources do not have, in");
  if (const auto id = context_.source_limit(update.set, held)) return limited(held, id);
  not_understood("a limit that is not the only use of its set, or counts bytes or by another unit, in the set " +
                 update.set);
}

std::vector<std::size_t> RuleReader::sizes_of_key(const HeldSet& set, const Sources& sources) const {
  std::vector<std::size_t> sizes;
  for (const unsigned size : set.fields) sizes.push_back((size + 3) / 4 * 4);
  if (std::accumulate(sizes.begin(), sizes.end(), std::size_t{0}) == set.key_size) return sizes;
  if (set.intervals) return {set.key_size};
  // A set without ranges need not say what its key is made of; the registers do. Parts begin at whole registers.
  sizes.clear();
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const bool begins = i == 0 || (i % 4 == 0 && sources[i].of != Source::Of::constant &&
                                   !goes_on(sources[i - 1], sources[i], rule_.base.box));
    if (begins) sizes.push_back(0);
    ++sizes.back();
  }
  return sizes;
}

std::optional<RuleReader::Key> RuleReader::key_of(const HeldSet& set, const Sources& sources) const {
  Key key;
  key.sizes = sizes_of_key(set, sources);
  auto at = sources.begin();
  for (const std::size_t size : key.sizes) {
    if (size > sizeof(Uint128)) return std::nullopt;
    const auto end = at + static_cast<std::ptrdiff_t>(size);
    const Sources part(at, end);
    at = end;
    const std::optional<std::vector<Slice>> fields = slices(part, rule_.base.box);
    key.tells.push_back(fields && fields->size() == 1 &&
                        (fields->front().field == KernelField::family ||
                         fields->front().field == KernelField::protocol ||
                         fields->front().field == KernelField::ether_type));
    key.sources.push_back(part);
  }
  return key;
}

bool RuleReader::narrow_by(Box& box, const Sources& sources, const Numbers& values) const {
  const std::optional<std::vector<Slice>> parts = slices(sources, box);
  if (!parts || parts->size() != 1) return false;
  std::optional<Box> narrowed = narrow(box, parts->front(), values, false);
  if (!narrowed) return false;
  box = std::move(*narrowed);
  return true;
}

/// Nothing when they cannot be told.
std::optional<Box> RuleReader::packets_of(const Key& key, const KeyGroup& group) const {
  Box box = rule_.base.box;
  for (const bool tells : {true, false})
    for (std::size_t i = 0; i < key.size() && !empty(box); ++i)
      if (key.tells[i] == tells && !narrow_by(box, key.sources[i], group.parts[i])) return std::nullopt;
  return box;
}

void RuleReader::look_up_one(const Lookup& lookup, const Key& key, const KeyGroups& groups) {
  const std::optional<std::vector<Slice>> parts = slices(key.sources.front(), rule_.base.box);
  const Numbers values = groups.groups.empty() ? Numbers() : groups.groups.front().parts.front();
  std::optional<Box> box;
  if (parts && parts->size() == 1) box = narrow(rule_.base.box, parts->front(), values, lookup.negated);
  if (box) rule_.base.box = std::move(*box);
  else not_understood(describe(key.sources.front()) + ", looked up in the set " + lookup.set);
}

void RuleReader::look_up_any(const Lookup& lookup, const Key& key, const KeyGroups& groups) {
  Stage stage{Kind::any_of, {}, std::nullopt};
  for (const KeyGroup& group : groups.groups) {
    Case one = rule_.base;
    if (std::optional<Box> box = packets_of(key, group)) one.box = std::move(*box);
    else
      add(one.opaque, context_.opaque("keys of the set " + lookup.set + ", group " +
                                      std::to_string(&group - groups.groups.data())));
    stage.cases.push_back(std::move(one));
  }
  rule_.stages.push_back(std::move(stage));
}

/// A header that is not there makes the rule not match, negated or not. So all of them must be known beforehand.
void RuleReader::look_up_none(const Lookup& lookup, const Key& key, const KeyGroups& groups) {
  Stage stage{Kind::none_of, {}, std::nullopt};
  bool told =
      std::ranges::all_of(key.sources, [&](const Sources& part) { return slices(part, rule_.base.box).has_value(); });
  for (const KeyGroup& group : groups.groups) {
    std::optional<Box> box = packets_of(key, group);
    told = told && box;
    if (box) stage.cases.push_back({std::move(*box), {}});
  }
  if (told) rule_.stages.push_back(std::move(stage));
  else not_understood("what is not in the set " + lookup.set);
}

void RuleReader::end_with(Case when, const HeldVerdict& verdict) {
  const auto end = [&](filter::Action action) { rule_.endings.push_back({std::move(when), action}); };
  const std::optional<filter::ChainId> chain = context_.chain(verdict.chain);
  switch (verdict.code) {
    case Code::accept:
      return end(Verdict::allow);
    case Code::drop:
      return end(Verdict::deny);
    case Code::back:
      return end(filter::Return{});
    case Code::proceed:
      goes_on_ = true;
      return end(filter::Continue{});
    case Code::jump:
      if (chain) return end(filter::Jump{*chain});
      return may_end("a jump to a chain that is not there");
    case Code::go:
      if (chain) return end(filter::Goto{*chain});
      return may_end("a goto to a chain that is not there");
    case Code::other:
      return may_end("a verdict that is not known");
  }
}

void RuleReader::look_up_verdict(const Lookup& lookup, const HeldSet& set, const Key& key, const KeyGroups& groups) {
  rule_.overlapping = groups.ordered;
  for (const KeyGroup& group : groups.groups) {
    Case one = rule_.base;
    if (std::optional<Box> box = packets_of(key, group)) one.box = std::move(*box);
    else {
      rule_.overlapping = true;
      add(one.opaque, context_.opaque("keys of the map " + lookup.set + ", group " +
                                      std::to_string(&group - groups.groups.data())));
    }
    end_with(std::move(one), group.verdict);
  }
  for (const HeldElement& element : set.elements) {
    if (!element.others) continue;
    rule_.overlapping = true;
    Case others = rule_.base;
    for (const Sources& part : key.sources)
      if (!slices(part, rule_.base.box)) add(others.opaque, context_.opaque(describe(part)));
    end_with(std::move(others), element.verdict);
  }
  ended_ = true;
}

void RuleReader::run(const Lookup& lookup) {
  const HeldSet* set = context_.set(lookup.set);
  const std::string content = "what the set " + lookup.set + " holds at that time";
  // It takes from the limits that the elements have.
  context_.other_use(lookup.set);
  if (set == nullptr) return may_end("a lookup in a set that is not there"), not_understood(content);
  if (lookup.to) registers_.load_unknown("a value of the map " + lookup.set, *lookup.to);
  if (set->verdicts) ended_ = true;
  const Sources sources = registers_.read(lookup.from, set->key_size);
  const std::optional<Key> key = sources.empty() ? std::nullopt : key_of(*set, sources);
  const bool stays = !set->fleeting && !set->map && std::ranges::none_of(set->elements, &HeldElement::fleeting);
  std::optional<KeyGroups> groups;
  if (key && stays) groups = group_keys(*set, key->sizes, key->size() == 1 ? std::vector{false} : key->tells);
  if (!groups) {
    if (set->verdicts) may_end(content);
    return not_understood(content);
  }
  if (set->verdicts) return look_up_verdict(lookup, *set, *key, *groups);
  if (std::ranges::any_of(set->elements, &HeldElement::others)) {
    const bool told = slices(sources, rule_.base.box).has_value();
    if (!told) not_understood(describe(sources));
    if (lookup.negated) rule_.stages.push_back({Kind::any_of, {}, std::nullopt});
    return;
  }
  if (key->size() == 1) return look_up_one(lookup, *key, *groups);
  if (lookup.negated) look_up_none(lookup, *key, *groups);
  else look_up_any(lookup, *key, *groups);
}

void RuleReader::run(const Decide& decide) {
  if (decide.verdict.code == Code::proceed) return;
  end_with(rule_.base, decide.verdict);
  ended_ = true;
}

/// A reset answers TCP; other packets are dropped in silence.
void RuleReader::run(const Reject& reject) {
  Case answered = rule_.base;
  if (reject.tcp_reset) {
    Case silent = rule_.base;
    answered.box.protocols &= ProtocolSet{}.set(protocols::tcp.number);
    silent.box.protocols.reset(protocols::tcp.number);
    rule_.endings.push_back({std::move(silent), Verdict::deny});
  }
  rule_.endings.push_back({std::move(answered), Verdict::reject});
  ended_ = true;
}

}  // namespace

ReadRule read_rule(const HeldRule& rule, const Box& known, RuleContext& context) {
  RuleReader reader(known, context);
  for (const Expression& expression : rule.expressions) reader.take(expression);
  return reader.result();
}

}  // namespace portpolicy::host
