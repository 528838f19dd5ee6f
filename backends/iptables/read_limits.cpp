#include "backends/iptables/read_limits.h"

#include <algorithm>

#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {

using O = Option;

bool Limits::is_limit(const MatchUse& use) {
  return use.is_known && (use.name == "limit" || use.name == "hashlimit");
}

bool Limits::ask(Work& work, const MatchUse& use, std::optional<std::string>& unknown) {
  bool understood = true;
  const bool fine = use.name == "limit" ? ask_limit(work, use, understood) : ask_hashlimit(work, use, understood);
  if (fine && !understood) unknown = text_of("-m " + std::string(use.name), use.given);
  return fine;
}

bool Limits::ask_limit(Work& work, const MatchUse& use, bool& understood) {
  Limit limit{3, Limit::Unit::hour, Limit::default_burst, false};
  for (const Given& given : use.given) {
    if (given.option == O::limit_burst) {
      const auto burst = read_number(given.values[0], 10'000);
      if (!burst) return work.refuse(given.where, "a burst is a number up to 10000");
      limit.burst = static_cast<std::uint32_t>(*burst);
      continue;
    }
    const auto rate = read_rate(given.values[0]);
    if (!rate || rate->rate > 10'000 * static_cast<std::uint64_t>(seconds_in(rate->unit)))
      return work.refuse(given.where, "`" + std::string(given.values[0]) + "` is no rate, such as `10/minute`");
    limit.rate = rate->rate;
    limit.unit = rate->unit;
  }
  // Without a burst one variant takes it for the usual one, the other does not take it.
  understood = limit.rate <= Limit::max_rate && limit.burst > 0;
  if (!understood) return true;
  const std::string number = work.limits.empty() ? "" : "." + std::to_string(work.limits.size() + 1);
  work.limits.push_back({writer_.limit(work.name + number, limit)});
  return true;
}

bool Limits::read_option(const Given& given, Hash& hash) {
  const std::string_view value = given.values.empty() ? std::string_view() : given.values[0];
  const auto number = read_number(value, UINT32_MAX);
  switch (given.option) {
    case O::hash_name:
      hash.name = value;
      return true;
    case O::hash_upto:
    case O::hash_above: {
      hash.has_rate = true;
      hash.over = (given.option == O::hash_above) != given.negated;
      const auto rate = read_rate(value);
      if (rate) hash.limit.rate = rate->rate;
      if (rate) hash.limit.unit = rate->unit;
      return rate.has_value();
    }
    case O::hash_burst:
      hash.limit.burst = static_cast<std::uint32_t>(number.value_or(0));
      return hash.limit.burst > 0 && hash.limit.burst <= Limit::max_burst;
    case O::hash_mode:
      hash.limit.per_source = value == "srcip";
      return hash.limit.per_source;
    case O::hash_source_mask:
      hash.bits = number.value_or(0);
      return number.has_value();
    case O::hash_expire:
      hash.forget = number.value_or(0);
      return number.has_value();
    case O::hash_table:
      return true;
    default:
      return false;
  }
}

/// One per source is what the model means by it, and none is forgotten before its bucket is full.
bool Limits::is_understood(Hash& hash) const {
  const std::uint64_t second = seconds_in(hash.limit.unit);
  if (hash.forget == 0) hash.forget = second * 1000;
  const bool source = !hash.limit.per_source || hash.bits == (family_ == Family::ipv4 ? 32 : 64);
  return hash.understood && source && hash.limit.rate <= Limit::max_rate &&
         hash.limit.burst * second * 1000 <= hash.forget * hash.limit.rate;
}

/// What rules share that name the same table: what stands in the first one is what the kernel keeps.
bool Limits::ask_hashlimit(Work& work, const MatchUse& use, bool& understood) {
  Hash hash;
  hash.limit.rate = 1;
  hash.bits = static_cast<std::uint64_t>(address_bits(family_));
  for (const Given& given : use.given) {
    const bool again = hash.has_rate && (given.option == O::hash_upto || given.option == O::hash_above);
    if (again) return work.refuse(given.where, "`-m hashlimit` takes one rate");
    hash.understood = read_option(given, hash) && hash.understood;
  }
  if (hash.name.empty()) return work.refuse(use.where, "`-m hashlimit` needs `--hashlimit-name`");
  if (!hash.has_rate) return work.refuse(use.where, "`-m hashlimit` needs `--hashlimit-upto` or `--hashlimit-above`");
  understood = is_understood(hash);
  const std::string said = to_string(hash.limit) + " " + std::to_string(hash.forget);
  const auto [known, fresh] = shared_.try_emplace(hash.name);
  Shared& shared = known->second;
  if (fresh) shared.said = said;
  const bool was_trusted = shared.trusted && !fresh;
  understood = understood && shared.trusted && shared.said == said;
  shared.trusted = understood;
  if (understood) {
    if (fresh) shared.limit = writer_.limit(hash.name, hash.limit);
    work.limits.push_back({shared.limit, hash.over});
  } else if (was_trusted) {
    distrusted_.emplace_back(shared.limit,
                             "the hashlimit " + quoted(hash.name) + ", of which two rules say different things");
    remarks_.not_understood(work.source().span(use.where), text_of("-m hashlimit", use.given));
  }
  return true;
}

void Limits::distrust(const RuleLine& line, const Rule& rule) {
  for (const MatchUse& use : rule.matches) {
    const Given* name = find(use.given, O::hash_name);
    if (name == nullptr) continue;
    const auto known = shared_.find(std::string(name->values[0]));
    if (known == shared_.end() || !known->second.trusted) continue;
    known->second.trusted = false;
    const std::string text = "what another table leaves of the hashlimit " + quoted(name->values[0]);
    distrusted_.emplace_back(known->second.limit, text);
    remarks_.not_understood(line.source->span(use.where), text);
  }
}

void Limits::finish() {
  for (const auto& [limit, text] : distrusted_) writer_.distrust(limit, text);
}

}  // namespace portpolicy::iptables::text
