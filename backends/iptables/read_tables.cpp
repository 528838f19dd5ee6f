#include "backends/iptables/read_tables.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace portpolicy::iptables::text {
namespace {

constexpr std::size_t longest_chain_name = 28;

struct BuiltIns {
  std::string_view table;
  std::array<std::string_view, 5> chains;
};
constexpr std::array built_ins{
    BuiltIns{"filter", {"INPUT", "FORWARD", "OUTPUT"}},
    BuiltIns{"nat", {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}},
    BuiltIns{"mangle", {"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}},
    BuiltIns{"raw", {"PREROUTING", "OUTPUT"}},
    BuiltIns{"security", {"INPUT", "FORWARD", "OUTPUT"}},
};

struct CommandName {
  std::string_view name;
  char letter;
  std::size_t most;  ///< words behind it
};
constexpr std::array command_names{
    CommandName{"--append", 'A', 1},       CommandName{"--delete", 'D', 2},       CommandName{"--insert", 'I', 2},
    CommandName{"--replace", 'R', 2},      CommandName{"--flush", 'F', 1},        CommandName{"--zero", 'Z', 2},
    CommandName{"--new-chain", 'N', 1},    CommandName{"--delete-chain", 'X', 1}, CommandName{"--policy", 'P', 2},
    CommandName{"--rename-chain", 'E', 2}, CommandName{"--new", 'N', 1},
};

bool is_option(const Word& word) {
  return !word.quoted && word.text.size() > 1 && word.text[0] == '-';
}

const CommandName* command_named(const Word& word) {
  if (!is_option(word)) return nullptr;
  const auto fits = [&](const CommandName& command) {
    return word.text == command.name || (word.text[1] == command.letter && word.text[1] != '-');
  };
  const auto known = std::ranges::find_if(command_names, fits);
  return known == command_names.end() ? nullptr : &*known;
}

std::optional<std::size_t> number(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// One text on its way into the tables.
class Run {
 public:
  Run(const Source& source, Tables& tables) : source_(source), tables_(tables) {}
  void all();

 private:
  bool line(Extent where);
  bool begin_table(Extent where);
  bool chain_line(Extent where);
  bool command(Extent where);
  bool carry_out(const Command& command, Extent where);
  bool policy(Chain& chain, std::string_view word, Extent where);
  bool set_policy(const Command& command, Extent where);
  bool add_rule(const Command& command, Extent where);
  bool delete_rule(const Command& command, Extent where);
  bool make_chain(std::string_view name, Extent where);
  bool remove_chain(const Command& command, Extent where);
  Chain* chain(const Word& name);
  Table& table(std::string_view name, Extent where, bool built_in_chains);
  void note_targets(const Words& words);
  std::string_view table_of_listing() const;
  bool names_built_in(std::size_t from) const;

  const Source& source_;
  Tables& tables_;
  Table* table_ = nullptr;
  Extent table_line_;
  bool listing_ = false;  ///< what `iptables -S` prints, without tables
  Words words_;
};

void Run::all() {
  Lines lines(source_);
  Extent where;
  while (lines.next(where) && !source_.is_hopeless()) line(where);
  if (table_ != nullptr && !listing_)
    source_.refuse(table_line_,
                   "the table `" + table_->name + "` has no COMMIT, without which nothing of it is loaded");
}

bool Run::line(Extent where) {
  const std::string_view text = source_.text(where);
  if (text[0] == '*') return begin_table(where);
  if (table_ != nullptr && !listing_) {
    if (text == "COMMIT") {
      table_ = nullptr;
      return true;
    }
    if (text[0] == ':') return chain_line(where);
  }
  if (table_ == nullptr) {
    if (text[0] != '-') return source_.refuse(where, "outside of a table only `*TABLE` or a comment may stand");
    if (tables_.whole && tables_.find(table_of_listing()) != nullptr)
      return source_.refuse(where, "no table begins before this rule",
                            "write `*filter` before it and `COMMIT` at the end");
    listing_ = true;
    table_ = &table(table_of_listing(), where, true);
  }
  return command(where);
}

/// Which of the tables has the built-in chains that a listing gives policies of.
std::string_view Run::table_of_listing() const {
  const auto has = [&](std::string_view chain) { return source_.text().contains("-P " + std::string(chain) + " "); };
  if (!has("PREROUTING") && !has("POSTROUTING")) return "filter";
  if (has("FORWARD")) return "mangle";
  return has("POSTROUTING") || has("INPUT") ? "nat" : "raw";
}

/// Whether what follows up to COMMIT has a line `:CHAIN` for a chain of the kernel's own.
bool Run::names_built_in(std::size_t from) const {
  const std::string_view rest = source_.text().substr(from, source_.text().find("\nCOMMIT", from) - from);
  const auto named = [&](std::string_view chain) {
    return !chain.empty() && rest.contains("\n:" + std::string(chain) + " ");
  };
  return std::ranges::any_of(built_ins.at(2).chains, named);
}

Table& Run::table(std::string_view name, Extent where, bool built_in_chains) {
  Table* known = tables_.find(name);
  if (known == nullptr) {
    known = &tables_.all.emplace_back(name);
  } else if (built_in_chains) {
    tables_.passed_over.push_back(
        {known->source->span(known->where), "an earlier content of the table `" + known->name + "`"});
    *known = Table(name);
  }
  known->source = &source_;
  known->where = where;
  if (!known->chains.empty()) return *known;
  for (const BuiltIns& each : built_ins)
    if (each.table == name)
      for (const std::string_view chain : each.chains)
        if (!chain.empty()) known->add(chain, source_, where).built_in = true;
  return *known;
}

bool Run::begin_table(Extent where) {
  if (table_ != nullptr) return source_.refuse(where, "a table begins before the COMMIT of `" + table_->name + "`");
  std::string_view name = source_.text(where).substr(1);
  name = name.substr(0, name.find_first_of(" \t"));
  const auto known = std::ranges::find(built_ins, name, &BuiltIns::table);
  tables_.whole = true;
  table_ = &table(name, where, names_built_in(where.begin));
  table_line_ = where;
  if (known == built_ins.end()) return source_.refuse(where, "there is no table `" + std::string(name) + "`");
  return true;
}

bool Run::chain_line(Extent where) {
  if (!split(source_, {where.begin + 1, where.end}, words_)) return false;
  if (words_.size() < 2) return source_.refuse(where, "behind the name of a chain its policy is missing");
  const Word name = words_[0], policy_word = words_[1];
  Chain* known = table_->find(name.text);
  if (known != nullptr && !known->built_in) known->rules.clear();
  if (known == nullptr && !make_chain(name.text, name.where)) return false;
  Chain& chain = *table_->find(name.text);
  chain.source = &source_;
  chain.where = where;
  if (policy_word.text == "-") return true;
  return policy(chain, policy_word.text, policy_word.where);
}

bool Run::policy(Chain& chain, std::string_view word, Extent where) {
  if (!chain.built_in) return source_.refuse(where, "only built-in chains have a policy; `" + chain.name + "` has `-`");
  if (word != "ACCEPT" && word != "DROP")
    return source_.refuse(where, "a policy is ACCEPT or DROP, not `" + std::string(word) + "`");
  chain.drops = word == "DROP";
  return true;
}

bool Run::make_chain(std::string_view name, Extent where) {
  constexpr std::array<std::string_view, 4> taken{"ACCEPT", "DROP", "RETURN", "QUEUE"};
  if (table_->find(name) != nullptr)
    return source_.refuse(where, "there is a chain `" + std::string(name) + "` already");
  if (name.size() > longest_chain_name)
    return source_.refuse(where, "a name of a chain has at most " + std::to_string(longest_chain_name) + " characters");
  if (name.empty() || name[0] == '-' || name[0] == '!' || std::ranges::find(taken, name) != taken.end())
    return source_.refuse(where, "no chain can be called `" + std::string(name) + "`");
  table_->add(name, source_, where);
  return true;
}

bool Run::command(Extent where) {
  Extent rule = where;
  if (source_.text()[rule.begin] == '[') {
    const std::size_t close = source_.text(rule).find(']');
    if (close == std::string_view::npos) return source_.refuse(where, "`]` is missing behind the counters");
    rule.begin += static_cast<std::uint32_t>(close) + 1;
  }
  if (!split(source_, rule, words_)) return false;
  const auto is_table = [](const Word& word) { return !word.quoted && (word.text == "-t" || word.text == "--table"); };
  if (const auto named = std::ranges::find_if(words_, is_table); named != words_.end())
    return source_.refuse(named->where, "which table it is, only a line `*TABLE` can say");
  const std::optional<Command> command = take_command(words_);
  if (!command) return source_.refuse(where, "a rule begins with a command such as `-A CHAIN`");
  return carry_out(*command, rule);
}

bool Run::carry_out(const Command& command, Extent where) {
  constexpr std::string_view needs_one = "AIDRNXPE";
  if (command.with.empty() && command.what != 'X' && needs_one.contains(command.what))
    return source_.refuse(where, "the name of a chain is missing");
  switch (command.what) {
    case 'A':
    case 'I':
    case 'R':
      return add_rule(command, where);
    case 'D':
      return delete_rule(command, where);
    case 'N':
      return make_chain(command.with[0].text, command.with[0].where);
    case 'P':
      return set_policy(command, where);
    case 'E':
      if (command.with.size() == 2 && table_->rename(command.with[0].text, command.with[1].text)) return true;
      return source_.refuse(where, "this chain cannot get this name");
    case 'F':
      if (command.with.empty())
        for (Chain& each : table_->chains) each.rules.clear();
      else if (Chain* flushed = chain(command.with[0])) flushed->rules.clear();
      return true;
    case 'X':
      return remove_chain(command, where);
    default:
      return true;  // -Z: counters
  }
}

bool Run::remove_chain(const Command& command, Extent where) {
  if (command.with.empty()) {
    std::vector<std::string> names;
    for (const Chain& each : table_->chains)
      if (!each.built_in && each.rules.empty()) names.push_back(each.name);
    for (const std::string& name : names) table_->remove(name);
    return true;
  }
  const Chain* removed = chain(command.with[0]);
  if (removed == nullptr) return false;
  if (removed->built_in || !removed->rules.empty())
    return source_.refuse(where, "`" + removed->name + "` cannot be deleted, because it is " +
                                     (removed->built_in ? "built in" : "not empty"));
  table_->remove(removed->name);
  return true;
}

bool Run::set_policy(const Command& command, Extent where) {
  if (command.with.size() < 2) return source_.refuse(where, "the policy is missing");
  Chain* named = chain(command.with[0]);
  if (named == nullptr) return false;
  named->source = &source_;
  named->where = where;
  return policy(*named, command.with[1].text, command.with[1].where);
}

Chain* Run::chain(const Word& name) {
  Chain* known = table_->find(name.text);
  if (known == nullptr)
    source_.refuse(name.where, "there is no chain `" + name.text + "` in the table `" + table_->name + "`");
  return known;
}

bool Run::add_rule(const Command& command, Extent where) {
  Chain* to = chain(command.with[0]);
  if (to == nullptr) return false;
  note_targets(words_);
  const RuleLine rule{&source_, where, static_cast<std::uint32_t>(table_->renames.size())};
  if (command.what == 'A') {
    to->rules.push_back(rule);
    return true;
  }
  const std::size_t place = command.with.size() > 1 ? number(command.with[1].text).value_or(0) : 1;
  const bool replaces = command.what == 'R';
  if (place == 0 || place > to->rules.size() + (replaces ? 0 : 1) || (replaces && command.with.size() < 2))
    return source_.refuse(
        where, "`" + to->name + "` has no such place; it has " + std::to_string(to->rules.size()) + " rules");
  const auto at = to->rules.begin() + static_cast<std::ptrdiff_t>(place - 1);
  if (replaces) *at = rule;
  else to->rules.insert(at, rule);
  return true;
}

bool Run::delete_rule(const Command& command, Extent where) {
  Chain* from = chain(command.with[0]);
  if (from == nullptr) return false;
  auto found = from->rules.end();
  if (command.with.size() > 1) {
    const std::size_t place = number(command.with[1].text).value_or(0);
    if (place > 0 && place <= from->rules.size()) found = from->rules.begin() + static_cast<std::ptrdiff_t>(place - 1);
  } else {
    const auto same = [&](const RuleLine& rule) {
      Words words;
      if (!split(*rule.source, rule.where, words)) return false;
      take_command(words);
      return std::ranges::equal(words, words_, {}, &Word::text, &Word::text);
    };
    found = std::ranges::find_if(from->rules, same);
  }
  if (found == from->rules.end()) return source_.refuse(where, "`" + from->name + "` has no such rule");
  from->rules.erase(found);
  return true;
}

void Run::note_targets(const Words& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i)
    if (words[i].text == "-j" || words[i].text == "--jump")
      table_->changes_marks |= words[i + 1].text == "MARK" || words[i + 1].text == "CONNMARK";
}

}  // namespace

Chain* Table::find(std::string_view chain) {
  const auto known = index_.find(std::string(chain));
  return known == index_.end() ? nullptr : &chains[known->second];
}

const Chain* Table::find(std::string_view chain, const RuleLine& rule) const {
  std::string now(chain);
  for (std::size_t i = rule.renames; i < renames.size(); ++i)
    if (renames[i].first == now) now = renames[i].second;
  return find(now);
}

Chain& Table::add(std::string_view chain, const Source& by, Extent place) {
  index_.emplace(std::string(chain), chains.size());
  Chain& added = chains.emplace_back();
  added.name = chain;
  added.source = &by;
  added.where = place;
  return added;
}

void Table::remove(std::string_view chain) {
  std::erase_if(chains, [&](const Chain& each) { return each.name == chain; });
  index();
}

bool Table::rename(std::string_view from, std::string_view to) {
  Chain* renamed = find(from);
  if (renamed == nullptr || renamed->built_in || find(to) != nullptr || to.size() > longest_chain_name) return false;
  renamed->name = to;
  renames.emplace_back(from, to);
  index();
  return true;
}

void Table::index() {
  index_.clear();
  for (std::size_t i = 0; i < chains.size(); ++i) index_.emplace(chains[i].name, i);
}

Table* Tables::find(std::string_view name) {
  const auto known = std::ranges::find(all, name, &Table::name);
  return known == all.end() ? nullptr : &*known;
}

std::optional<Command> take_command(Words& words) {
  const auto named = std::ranges::find_if(words, [](const Word& word) { return command_named(word) != nullptr; });
  if (named == words.end()) return std::nullopt;
  const CommandName& name = *command_named(*named);
  Command command{name.letter, {}};
  const bool attached = named->text[1] != '-' && named->text.size() > 2;
  if (attached) {
    command.with.push_back(*named);
    command.with[0].text.erase(0, 2);
    command.with[0].where.begin += 2;
  }
  auto end = named + 1;
  while (end != words.end() && command.with.size() < name.most && !is_option(*end) && end->text != "!") {
    // A rule that is inserted, deleted or replaced may have a number behind its chain.
    const bool is_number = command.with.size() == 1 && std::string_view("IDRZ").contains(name.letter);
    if (is_number && !number(end->text)) break;
    command.with.push_back(*end++);
  }
  words.erase(named, end);
  return command;
}

TextKind kind_of(const Source& source) {
  constexpr std::array<std::string_view, 7> of_sets{"create", "add", "del", "flush", "swap", "destroy", "rename"};
  Extent line;
  if (!Lines(source).next(line)) return TextKind::nothing;
  std::string_view text = source.text(line);
  if (text.starts_with("-exist ") || text.starts_with("-! ")) text.remove_prefix(text.find(' ') + 1);
  const std::string_view first = text.substr(0, text.find_first_of(" \t"));
  return std::ranges::find(of_sets, first) != of_sets.end() ? TextKind::sets : TextKind::rules;
}

std::optional<Family> family_told(const Source& source) {
  const std::string_view text = source.text();
  const std::string_view head = text.substr(0, text.find('\n'));
  if (head.starts_with("#") && head.contains("ip6tables")) return Family::ipv6;
  if (head.starts_with("#") && head.contains("iptables")) return Family::ipv4;
  constexpr std::array<std::string_view, 6> of_addresses{"-s", "-d", "--source", "--destination", "--src", "--dst"};
  constexpr std::array<std::string_view, 4> of_ipv6{"icmp6", "icmpv6", "ipv6-icmp", "58"};
  const auto among = [](const auto& list, std::string_view word) {
    return std::ranges::find(list, word) != list.end();
  };
  std::optional<Family> by_protocol;
  Lines lines(source);
  Extent line;
  Words words;
  while (lines.next(line)) {
    const std::string_view rule = source.text(line);
    // What has a quote that never ends is told later.
    if ((rule[0] != '-' && rule[0] != '[') || std::ranges::count(rule, '"') % 2 != 0) continue;
    if (!split(source, line, words)) return std::nullopt;
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      const std::string_view value = words[i + 1].text;
      if (among(of_addresses, words[i].text) && value.contains(':')) return Family::ipv6;
      if (among(of_addresses, words[i].text) && value.contains('.') &&
          value.find_first_not_of("0123456789./,") == value.npos)
        return Family::ipv4;
      if (by_protocol || (words[i].text != "-p" && words[i].text != "-m")) continue;
      if (among(of_ipv6, value)) by_protocol = Family::ipv6;
      else if (value == "icmp") by_protocol = Family::ipv4;
    }
  }
  return by_protocol;
}

void run(const Source& source, Tables& tables) {
  Run(source, tables).all();
}

}  // namespace portpolicy::iptables::text
