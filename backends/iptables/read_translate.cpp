#include "backends/iptables/read_translate.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "compiler/filter/calls.h"

namespace portpolicy::iptables::text {
namespace {

std::string_view built_in_of(Direction direction) {
  switch (direction) {
    case Direction::inbound:
      return "INPUT";
    case Direction::outbound:
      return "OUTPUT";
    case Direction::forward:
      return "FORWARD";
  }
  std::unreachable();
}

/// Whether packets of this direction come through a built-in chain of other tables.
bool passes(Direction direction, std::string_view chain) {
  if (chain == "PREROUTING") return direction != Direction::outbound;
  if (chain == "POSTROUTING") return direction != Direction::inbound;
  return chain == built_in_of(direction);
}

class Translation {
 public:
  Translation(Family family, const Tables& tables, Sets& sets, bool named, Writer& writer, Remarks& remarks)
      : family_(family),
        tables_(tables),
        named_(named),
        writer_(writer),
        remarks_(remarks),
        effects_(family, sets, writer, remarks,
                 [this](const Place& place, std::string_view name) { return find(place, name); }) {}

  void all();

 private:
  /// Of a table other than `filter`: what a rule may do, and whom it calls.
  struct Outline {
    std::vector<std::pair<const RuleLine*, bool>> rules;  ///< and whether it may drop
    std::vector<const Chain*> calls;
  };
  using Outlines = std::map<const Chain*, Outline>;

  std::optional<Rule> read(const RuleLine& line, Words& words);
  std::optional<filter::ChainId> find(const Place& place, std::string_view name);
  filter::ChainId chain(const Chain& chain);
  void hook(Direction direction);
  void write_chains(const Table& table);
  void read_unused(const Table& table);
  void other_table(const Table& table);
  Outline outline(const Table& table, const Chain& chain);
  void drop_perhaps(Direction direction, const std::string& text, const Source& source, Extent where);
  void check_circles();
  Conditions any() const {
    Conditions conditions;
    conditions.family = family_;
    return conditions;
  }
  Conditions of_family() {
    Conditions conditions = any();
    conditions.others.emplace_back(filter::SourceIn{writer_.whole(family_)});
    return conditions;
  }
  filter::ChainId start(Direction direction);

  Family family_;
  const Tables& tables_;
  bool named_;
  Writer& writer_;
  Remarks& remarks_;
  Effects effects_;
  std::map<const Chain*, filter::ChainId> chains_;
  std::vector<const Chain*> pending_;
};

/// Nothing for a mistake, which was said, and for a rule that is only for the other family.
std::optional<Rule> Translation::read(const RuleLine& line, Words& words) {
  if (line.source->is_hopeless() || !split(*line.source, line.where, words)) return std::nullopt;
  take_command(words);
  std::optional<Rule> rule = read_rule(*line.source, line.where, words, family_);
  if (rule && rule->other_family) return std::nullopt;
  return rule;
}

filter::ChainId Translation::chain(const Chain& chain) {
  const auto [known, fresh] = chains_.try_emplace(&chain);
  if (fresh) {
    known->second = writer_.chain((named_ ? std::string(to_string(family_)) + " " : "") + chain.name);
    pending_.push_back(&chain);
  }
  return known->second;
}

std::optional<filter::ChainId> Translation::find(const Place& place, std::string_view name) {
  const Chain* called = place.table.find(name, place.line);
  if (called == nullptr) return std::nullopt;
  if (!called->built_in) return chain(*called);
  place.line.source->refuse(place.line.where, "no rule can lead to `" + called->name + "`, because it is built in");
  return writer_.chain({});
}

/// The chain of a hook, where each family is sent its way.
filter::ChainId Translation::start(Direction direction) {
  auto& hook = writer_.filter.hooks[static_cast<std::size_t>(direction)];
  if (!hook) hook = filter::Hook{writer_.chain(std::string(built_in_of(direction)) + " hook"), Verdict::allow};
  return hook->chain;
}

void Translation::hook(Direction direction) {
  const filter::ChainId start = this->start(direction);
  const Table* filter = tables_.find("filter");
  const Chain* chain = filter == nullptr ? nullptr : filter->find(built_in_of(direction));
  if (chain == nullptr) return;
  if (!chain->rules.empty() || chain->drops) writer_.managed[static_cast<std::size_t>(direction)] = true;
  const std::uint32_t origin = writer_.origin(chain->name + " policy", chain->source->span(chain->where));
  const auto tail = [&](const filter::Action& action) { return Tail{action, std::nullopt, std::nullopt, origin}; };
  writer_.add(start, of_family(), tail(filter::Jump{this->chain(*chain)}));
  writer_.add(start, of_family(), tail(chain->drops ? Verdict::deny : Verdict::allow));
}

/// Chains lead to chains, so this goes on until none is new.
void Translation::write_chains(const Table& table) {
  Words words;
  while (!pending_.empty()) {
    const Chain& chain = *pending_.back();
    pending_.pop_back();
    const filter::ChainId into = chains_.at(&chain);
    writer_.filter.chains[into.index].rules.reserve(chain.rules.size());
    for (const RuleLine& line : chain.rules)
      if (const auto rule = read(line, words)) effects_.add({table, chain, line, into}, *rule);
  }
}

/// Rules that no packet comes to, for their mistakes.
void Translation::read_unused(const Table& table) {
  for (const Chain& chain : table.chains) {
    if (chains_.contains(&chain)) continue;
    outline(table, chain);
    if (!chain.rules.empty()) remarks_.unused_chain(chain.source->span(chain.where), chain.name);
  }
}

Translation::Outline Translation::outline(const Table& table, const Chain& chain) {
  Outline result;
  Words words;
  for (const RuleLine& line : chain.rules) {
    const auto rule = read(line, words);
    if (!rule) continue;
    effects_.distrust_limits(line, *rule);
    if (!rule->target) continue;
    const Target& target = *rule->target;
    const Chain* called = table.find(target.name, line);
    if (called != nullptr) result.calls.push_back(called);
    else if (target.is_goto || (!is_target(target.name) && target.given.empty() && table.name != "nat"))
      line.source->refuse(target.where, "there is no chain `" + std::string(target.name) + "` in the table `" +
                                            table.name + "`" + (target.is_goto ? "" : ", and no such target is known"));
    const bool drops = called == nullptr && target.name != "ACCEPT" && target.name != "RETURN" && !goes_on(target.name);
    result.rules.emplace_back(&line, drops);
  }
  return result;
}

/// At the head of a hook, because whatever is dropped anywhere on the way is dropped.
void Translation::drop_perhaps(Direction direction, const std::string& text, const Source& source, Extent where) {
  Conditions conditions = of_family();
  conditions.opaque.emplace_back(text, false);
  const std::uint32_t origin = writer_.origin(text, source.span(where));
  writer_.add(start(direction), conditions, {Verdict::deny, std::nullopt, std::nullopt, origin});
  writer_.managed[static_cast<std::size_t>(direction)] = true;
  remarks_.not_understood(source.span(where), text);
}

void Translation::other_table(const Table& table) {
  Outlines outlines;
  for (const Chain& chain : table.chains) outlines.emplace(&chain, outline(table, chain));
  const Span where = table.source->span(table.where);
  if (table.name == "nat") return remarks_.passed_over(where, "address translation; of it, rules see the result");
  bool drops_any = false;
  for (const Chain& base : table.chains) {
    if (!base.built_in) continue;
    std::vector<std::pair<const RuleLine*, std::string>> drops;
    std::set<const Chain*> seen{&base};
    std::vector<const Chain*> open{&base};
    while (!open.empty()) {
      const Outline& here = outlines.at(open.back());
      open.pop_back();
      for (const auto& [line, may_drop] : here.rules)
        if (may_drop)
          drops.emplace_back(line, "`" + std::string(line->source->text(line->where)) + "` in the table " + table.name);
      for (const Chain* called : here.calls)
        if (seen.insert(called).second) open.push_back(called);
    }
    for (const Direction direction : directions) {
      if (!passes(direction, base.name)) continue;
      for (const auto& [line, text] : drops) drop_perhaps(direction, text, *line->source, line->where);
      if (base.drops)
        drop_perhaps(direction, "the policy of " + base.name + " in the table " + table.name, *base.source, base.where);
    }
    drops_any = drops_any || base.drops || !drops.empty();
  }
  if (!drops_any) remarks_.passed_over(where, "the table `" + table.name + "`, which drops nothing");
}

/// Kernels refuse them.
void Translation::check_circles() {
  for (const auto& hook : writer_.filter.hooks) {
    if (!hook) continue;
    const auto order = filter::called_first(writer_.filter, hook->chain);
    if (order) continue;
    for (const auto& [chain, id] : chains_) {
      if (std::ranges::find(order.error().circle, id) == order.error().circle.end()) continue;
      chain->source->refuse(chain->where, "the chain `" + chain->name + "` leads back to itself");
      return;
    }
  }
}

void Translation::all() {
  for (const Table& table : tables_.all)
    if (table.name != "filter") other_table(table);
  for (const Direction direction : directions) hook(direction);
  const Table* filter = tables_.find("filter");
  if (filter != nullptr) {
    write_chains(*filter);
    read_unused(*filter);
    check_circles();
  }
  // Whose limits the filter shares with them is known only now.
  Words words;
  for (const Table& table : tables_.all)
    for (const Chain& chain : table.chains)
      for (const RuleLine& line : chain.rules)
        if (table.name != "filter" && line.source->text(line.where).contains("hashlimit"))
          if (const auto rule = read(line, words)) effects_.distrust_limits(line, *rule);
  effects_.finish();
}

}  // namespace

void translate(Family family, const Tables& tables, Sets& sets, bool named, Writer& writer, Remarks& remarks) {
  Translation(family, tables, sets, named, writer, remarks).all();
}

void note_changed_sets(const Tables& tables, Sets& sets) {
  Words words;
  for (const Table& table : tables.all)
    for (const Chain& chain : table.chains)
      for (const RuleLine& line : chain.rules) {
        const std::string_view text = line.source->text(line.where);
        if (!text.contains("SET") || !split(*line.source, line.where, words)) continue;
        for (std::size_t i = 0; i + 1 < words.size(); ++i)
          if (words[i].text == "--add-set" || words[i].text == "--del-set") sets.note_change(words[i + 1].text);
      }
}

}  // namespace portpolicy::iptables::text
