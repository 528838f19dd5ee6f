#include "backends/iptables/read_rule.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/iptables/read_options.h"
#include "backends/iptables/read_values.h"

namespace portpolicy::iptables::text {
namespace {

using O = Option;

bool is_protocol_match(std::string_view match) {
  constexpr auto names = std::to_array<std::string_view>({"tcp", "udp", "udplite", "dccp", "sctp", "icmp", "icmp6"});
  return std::ranges::find(names, match) != names.end();
}

/// The match that iptables loads when an option of it follows `-p`.
std::string_view match_of_protocol(std::string_view protocol, Family family) {
  const auto number = read_protocol(protocol);
  if (!number) return {};
  switch (*number) {
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 136:
      return "udplite";
    case 33:
      return "dccp";
    case 132:
      return "sctp";
    case 1:
      return family == Family::ipv4 ? "icmp" : "";
    case 58:
      return family == Family::ipv6 ? "icmp6" : "";
    default:
      return {};
  }
}

class Reader {
 public:
  Reader(const Source& source, Extent where, const Words& words, Family family)
      : source_(source), where_(where), words_(words), family_(family) {}
  std::optional<Rule> read();

 private:
  bool next();
  bool option(const Word& word, bool negated);
  bool match(const Word& word, bool negated);
  bool target(const Word& word, bool negated);
  bool known_option(std::string_view name, bool& found, bool negated, const Word& word);
  bool take(const Spec& spec, std::vector<Given>& to, bool negated, const Word& word);
  bool unknown_option(const Word& word, bool negated);
  bool check();
  const Word* behind(const Word& word);
  bool is_loaded(std::string_view match) const;
  bool has_unknown() const;
  MatchUse& last(std::string_view match);

  const Source& source_;
  Extent where_;
  const Words& words_;
  Family family_;
  std::size_t at_ = 0;
  std::optional<std::string_view> attached_;  ///< the value that stands in the word of its option
  std::string_view protocol_;
  bool protocol_negated_ = false;
  Rule rule_;
};

std::optional<Rule> Reader::read() {
  while (at_ < words_.size())
    if (!next()) return std::nullopt;
  return check() ? std::optional(std::move(rule_)) : std::nullopt;
}

bool is_not(const Word& word) {
  return !word.quoted && word.text == "!";
}

bool Reader::next() {
  bool negated = false;
  if (is_not(words_[at_])) {
    negated = true;
    if (++at_ == words_.size()) return source_.refuse(words_[at_ - 1].where, "behind `!` an option is missing");
  }
  const Word& word = words_[at_++];
  attached_.reset();
  if (word.text.size() < 2 || word.text[0] != '-')
    return source_.refuse(word.where, "`" + word.text + "` stands where an option should",
                          "a value with blanks needs quotes around it");
  return option(word, negated);
}

bool Reader::option(const Word& word, bool negated) {
  std::string_view name = word.text;
  if (name[1] != '-') {
    if (name == "-4" || name == "-6") {
      rule_.other_family = rule_.other_family || (name == "-4") != (family_ == Family::ipv4);
      return true;
    }
    const char letter = name[1];
    if (name.size() > 2) attached_ = name.substr(2);
    if (letter == 'm') return match(word, negated);
    if (letter == 'j' || letter == 'g') return target(word, negated);
    const std::optional<std::string_view> in_full = header_option(letter);
    if (!in_full) return source_.refuse(word.where, "iptables has no option `" + word.text + "`");
    name = *in_full;
  } else if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
    attached_ = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  if (name == "--match") return match(word, negated);
  if (name == "--jump" || name == "--goto") return target(word, negated);
  if (name == "--ipv4" || name == "--ipv6") {
    rule_.other_family = rule_.other_family || (name == "--ipv4") != (family_ == Family::ipv4);
    return true;
  }
  bool found = false;
  if (!known_option(name, found, negated, word)) return false;
  return found || unknown_option(word, negated);
}

/// The value of an option that takes one.
const Word* Reader::behind(const Word& word) {
  if (at_ < words_.size()) return &words_[at_++];
  source_.refuse(word.where, "the value of `" + word.text + "` is missing");
  return nullptr;
}

bool Reader::match(const Word& word, bool negated) {
  if (negated) return source_.refuse(word.where, "`!` stands before an option of the match, not before `-m`");
  MatchUse use;
  if (attached_) {
    use.name = *attached_;
    use.where = word.where;
  } else {
    const Word* name = behind(word);
    if (name == nullptr) return false;
    use.name = name->text;
    use.where = {word.where.begin, name->where.end};
  }
  if (use.name == "icmpv6") use.name = "icmp6";
  use.is_known = is_known_match(use.name);
  // Of the other family there is no such match; who wrote it had another program.
  if (use.name == (family_ == Family::ipv4 ? "icmp6" : "icmp")) use.is_known = false;
  rule_.matches.push_back(std::move(use));
  return true;
}

bool Reader::target(const Word& word, bool negated) {
  if (negated || rule_.target)
    return source_.refuse(word.where, negated ? "a target cannot be negated" : "a rule has one target");
  Target target;
  target.is_goto = word.text[1] == 'g' || word.text.starts_with("--goto");
  if (attached_) {
    target.name = *attached_;
    target.where = word.where;
  } else {
    const Word* name = behind(word);
    if (name == nullptr) return false;
    target.name = name->text;
    target.where = {word.where.begin, name->where.end};
  }
  rule_.target = std::move(target);
  return true;
}

bool Reader::is_loaded(std::string_view match) const {
  return std::ranges::any_of(rule_.matches, [&](const MatchUse& use) { return use.is_known && use.name == match; });
}

MatchUse& Reader::last(std::string_view match) {
  return *std::find_if(rule_.matches.rbegin(), rule_.matches.rend(),
                       [&](const MatchUse& use) { return use.name == match; });
}

/// Whether a match or target is there whose options nobody here knows.
bool Reader::has_unknown() const {
  const bool target = rule_.target && takes_any_option(rule_.target->name);
  return target || !std::ranges::all_of(rule_.matches, &MatchUse::is_known);
}

/// By its full name, or by a beginning that no other option has which is known in this place.
bool Reader::known_option(std::string_view name, bool& found, bool negated, const Word& word) {
  const Spec* best = nullptr;
  bool several = false;
  const auto consider = [&](const Spec& spec) {
    if (!spec.name.starts_with(name)) return;
    const bool exact = spec.name == name, best_exact = best != nullptr && best->name == name;
    if (best == nullptr || (exact && !best_exact)) {
      several = false;
      best = &spec;
    } else if (!best_exact && best->option != spec.option) {
      several = true;
    }
  };
  // Two that are loaded may have one of the same name; it belongs to the last one.
  for (auto use = rule_.matches.rbegin(); use != rule_.matches.rend(); ++use)
    if (use->is_known)
      for (const Spec& spec : match_specs())
        if (spec.owner == use->name) consider(spec);
  if (rule_.target)
    for (const Spec& spec : target_specs())
      if (spec.owner == rule_.target->name) consider(spec);
  for (const Spec& spec : header_specs()) consider(spec);
  // What would be an abbreviation here may be the full name of what is not known.
  if (best != nullptr && best->name != name && has_unknown() &&
      (rule_.matches.empty() || best->owner != rule_.matches.back().name))
    return true;
  if (several) return source_.refuse(word.where, "`" + word.text + "` may be more than one option");
  if (best == nullptr) {
    const std::string_view implied = protocol_negated_ ? std::string_view() : match_of_protocol(protocol_, family_);
    if (implied.empty() || is_loaded(implied)) return true;
    const auto of_it = [&](const Spec& spec) { return spec.owner == implied && spec.name.starts_with(name); };
    const auto first = std::ranges::find_if(match_specs(), of_it);
    if (first == match_specs().end()) return true;
    rule_.matches.push_back({implied, true, {}, word.where});
    best = &*first;
  }
  found = true;
  if (best->owner.empty()) return take(*best, rule_.header, negated, word);
  const bool of_target = rule_.target && best->owner == rule_.target->name;
  return take(*best, of_target ? rule_.target->given : last(best->owner).given, negated, word);
}

bool Reader::take(const Spec& spec, std::vector<Given>& to, bool negated, const Word& word) {
  Given given{spec.option, spec.name, negated, {}, word.where};
  if (attached_) given.values.push_back(*attached_);
  else if (spec.values > 0 && at_ < words_.size() && is_not(words_[at_])) {
    // As iptables had it once.
    if (negated) return source_.refuse(words_[at_].where, "`!` stands here twice");
    given.negated = true;
    ++at_;
  }
  while (given.values.size() < spec.values) {
    const Word* value = behind(word);
    if (value == nullptr) return false;
    given.values.emplace_back(value->text);
    given.where.end = value->where.end;
  }
  if (given.negated && !spec.may_be_negated)
    return source_.refuse(given.where, "`" + std::string(spec.name) + "` cannot be negated");
  const auto same = [&](const Given& each) { return each.option == spec.option && each.name == spec.name; };
  if (spec.option != O::no_effect && std::ranges::any_of(to, same))
    return source_.refuse(given.where, "`" + word.text + "` stands here twice");
  if (spec.option == O::protocol) {
    protocol_ = given.values[0];
    protocol_negated_ = given.negated;
  }
  to.push_back(std::move(given));
  return true;
}

/// With all that follows up to the next option: it belongs to the last match or target whose options are not known.
bool Reader::unknown_option(const Word& word, bool negated) {
  std::vector<Given>* to = nullptr;
  std::uint32_t from = 0;
  for (MatchUse& use : rule_.matches)
    if (!use.is_known) {
      to = &use.given;
      from = use.where.begin;
    }
  if (rule_.target && (to == nullptr || from < rule_.target->where.begin) && takes_any_option(rule_.target->name))
    to = &rule_.target->given;
  if (to == nullptr) return source_.refuse(word.where, "iptables has no option `" + word.text + "` in this place");
  Given given{O::unknown, word.text, negated, {}, word.where};
  while (at_ < words_.size()) {
    const Word& value = words_[at_];
    if (!value.quoted &&
        ((value.text.size() > 1 && value.text[0] == '-' && !(value.text[1] >= '0' && value.text[1] <= '9')) ||
         (value.text == "!" && at_ + 1 < words_.size() && words_[at_ + 1].text.starts_with("-"))))
      break;
    given.values.emplace_back(value.text);
    given.where.end = value.where.end;
    ++at_;
  }
  to->push_back(std::move(given));
  return true;
}

/// What the kernel asks of a rule as a whole.
bool Reader::check() {
  const std::string_view implied = protocol_negated_ ? std::string_view() : match_of_protocol(protocol_, family_);
  for (const MatchUse& use : rule_.matches) {
    if (use.is_known && is_protocol_match(use.name) && use.name != implied)
      return source_.refuse(use.where, "`-m " + std::string(use.name) + "` needs `-p " +
                                           std::string(use.name == "icmp6" ? "icmpv6" : use.name) + "`");
    const auto has_ports_of = [](std::string_view match) {
      return !match.empty() && match != "icmp" && match != "icmp6";
    };
    if (use.name == "multiport" && !has_ports_of(implied))
      return source_.refuse(use.where, "`-m multiport` needs `-p` with tcp, udp, udplite, dccp or sctp");
    constexpr auto needs_option = std::to_array<std::string_view>(
        {"multiport", "iprange", "set", "comment", "state", "conntrack", "icmp", "icmp6"});
    if (use.is_known && use.given.empty() && std::ranges::find(needs_option, use.name) != needs_option.end())
      return source_.refuse(use.where, "`-m " + std::string(use.name) + "` needs an option");
    if (use.name == "multiport" && use.given.size() > 1)
      return source_.refuse(use.given[1].where, "`-m multiport` takes one option");
  }
  return true;
}

}  // namespace

std::optional<Rule> read_rule(const Source& source, Extent where, const Words& words, Family family) {
  return Reader(source, where, words, family).read();
}

}  // namespace portpolicy::iptables::text
