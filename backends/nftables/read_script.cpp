#include "backends/nftables/read_script.h"

#include <algorithm>
#include <array>
#include <utility>

#include "backends/nftables/read_block.h"
#include "backends/nftables/read_lexer.h"

namespace portpolicy::nft::text {
namespace {

using Kind = Token::Kind;

constexpr std::array families_known{"inet", "ip", "ip6", "arp", "bridge", "netdev"};

bool is_family(std::string_view word) {
  return std::ranges::find(families_known, word) != families_known.end();
}

/// The commands of a script, one after the other.
class Run {
 public:
  Run(const Source& source, Definitions& definitions)
      : source_(source),
        definitions_(definitions),
        lexer_(source, definitions, {0, static_cast<std::uint32_t>(source.text().size())}, Lexer::Newlines::are_tokens),
        block_(source, definitions, lexer_) {}

  Script all() {
    while (!lexer_.at_end()) {
      if (lexer_.peek().kind == Kind::newline || lexer_.peek().is(";")) {
        lexer_.next();
        continue;
      }
      const Token first = lexer_.peek();
      if (!command() || !block_.ends_here()) block_.skip_command(first);
    }
    return std::move(script_);
  }

 private:
  bool command();
  bool object(std::string_view verb);
  bool table(std::string_view verb);
  bool chain(std::string_view verb);
  bool set(std::string_view verb, bool is_map);
  bool elements(std::string_view verb);
  bool limit(std::string_view verb);
  bool rule(std::string_view verb);
  bool flush();
  bool pass_over(std::string_view what);

  std::string_view family();
  Table* find(std::string_view family, std::string_view name);
  Table* known_table();
  void remove(std::string_view family, std::string_view name);

  const Source& source_;
  Definitions& definitions_;
  Lexer lexer_;
  Block block_;
  Script script_;
};

bool Run::command() {
  const Token first = lexer_.peek();
  if (first.kind == Kind::bad) return false;
  for (const std::string_view verb : {"add", "create", "insert", "delete", "destroy"})
    if (lexer_.take(verb)) return object(verb);
  if (lexer_.take("flush")) return flush();
  if (block_.definition()) return true;
  for (const std::string_view verb : {"list", "reset", "describe", "monitor"})
    if (first.is(verb)) return pass_over("`" + std::string(verb) + "` changes no rule");
  if (first.is("include"))
    return block_.refuse(first, "`include` is not followed",
                         "give the whole rule set, as `nft list ruleset` prints it");
  if (first.is("replace") || first.is("rename") || first.is("import") || first.is("export"))
    return block_.refuse(first, "`" + std::string(first.text) + "` is not read",
                         "give the rule set that it results in, as `nft list ruleset` prints it");
  return object("add");
}

bool Run::pass_over(std::string_view what) {
  script_.passed_over.push_back({source_.span(source_.extent(lexer_.peek().text)), std::string(what)});
  block_.skip_to_end();
  return true;
}

/// What is added or removed, behind the verb.
bool Run::object(std::string_view verb) {
  const Token what = lexer_.next();
  if (what.is("table")) return table(verb);
  if (what.is("chain")) return chain(verb);
  if (what.is("set") || what.is("map")) return set(verb, what.is("map"));
  if (what.is("element")) return elements(verb);
  if (what.is("rule")) return rule(verb);
  if (what.is("limit")) return limit(verb);
  for (const std::string_view other : {"counter", "quota", "flowtable", "secmark", "synproxy", "ct"})
    if (what.is(other)) return block_.skip_to_end();
  if (what.is("meter") && verb != "add") return block_.skip_to_end();
  if (verb == "add" && is_family(what.text) && what.kind == Kind::word) {
    lexer_.jump_to(source_.extent(what.text).begin);
    return rule(verb);
  }
  return block_.refuse(what, "nft has no such command");
}

std::string_view Run::family() {
  return lexer_.peek().kind == Kind::word && is_family(lexer_.peek().text) ? lexer_.next().text : "ip";
}

Table* Run::find(std::string_view family, std::string_view name) {
  const auto known = std::ranges::find_if(
      script_.tables, [&](const Table& table) { return table.family == family && table.name == name; });
  return known == script_.tables.end() ? nullptr : &*known;
}

/// `[FAMILY] NAME` of a table that must exist.
Table* Run::known_table() {
  const std::string_view of = family();
  const Token name = lexer_.next();
  if (!name.is_name()) {
    block_.refuse(name, "the name of a table is missing");
    return nullptr;
  }
  Table* const table = find(of, name.text);
  if (table == nullptr)
    block_.refuse(name, "there is no table `" + std::string(of) + " " + std::string(name.text) + "`");
  return table;
}

void Run::remove(std::string_view family, std::string_view name) {
  std::erase_if(script_.tables, [&](const Table& table) { return table.family == family && table.name == name; });
  TableName gone{std::string(family), std::string(name)};
  if (std::ranges::find(script_.removed, gone) == script_.removed.end()) script_.removed.push_back(std::move(gone));
}

bool Run::table(std::string_view verb) {
  const std::string_view of = family();
  const Token name = lexer_.next();
  if (verb == "delete" && name.is("handle"))
    return block_.refuse(name, "a handle says nothing without the kernel that gave it");
  if (!name.is_name()) return block_.refuse(name, "the name of a table is missing");
  Table* known = find(of, name.text);
  if (verb == "delete" || verb == "destroy") {
    // nft takes nothing of a script that deletes a table which is not there.
    if (verb == "destroy" || known != nullptr) remove(of, name.text);
    return true;
  }
  if (!name.is_identifier()) return block_.refuse(name, "this is no name for a table");
  if (known == nullptr) {
    known = &script_.tables.emplace_back();
    known->family = of;
    known->name = name.text;
  }
  return !lexer_.peek().is("{") || block_.table(*known);
}

bool Run::chain(std::string_view verb) {
  Table* const table = known_table();
  if (table == nullptr) return false;
  const Token name = lexer_.next();
  if (!name.is_name()) return block_.refuse(name, "the name of a chain is missing");
  if (verb == "delete" || verb == "destroy") {
    if (verb == "delete" && table->chains.find(name.text) == nullptr)
      return block_.refuse(name, "there is no chain `" + std::string(name.text) + "`");
    table->chains.erase(name.text);
    return true;
  }
  if (!name.is_identifier()) return block_.refuse(name, "this is no name for a chain");
  return block_.chain(*table, name);
}

bool Run::set(std::string_view verb, bool is_map) {
  Table* const table = known_table();
  if (table == nullptr) return false;
  const Token name = lexer_.next();
  if (!name.is_name()) return block_.refuse(name, "the name of a set is missing");
  if (verb == "delete" || verb == "destroy") {
    if (verb == "delete" && table->sets.find(name.text) == nullptr)
      return block_.refuse(name, "there is no set `" + std::string(name.text) + "`");
    table->sets.erase(name.text);
    return true;
  }
  if (!name.is_identifier()) return block_.refuse(name, "this is no name for a set");
  return block_.set(*table, name, is_map);
}

bool Run::elements(std::string_view verb) {
  Table* const table = known_table();
  if (table == nullptr) return false;
  const Token name = lexer_.next();
  Set* const set = table->sets.find(name.text);
  if (set == nullptr) return block_.refuse(name, "there is no set `" + std::string(name.text) + "`");
  return block_.elements(*set, verb == "delete" || verb == "destroy");
}

bool Run::limit(std::string_view verb) {
  Table* const table = known_table();
  if (table == nullptr) return false;
  const Token name = lexer_.next();
  if (verb == "delete" || verb == "destroy") {
    table->limits.erase(name.text);
    return true;
  }
  return block_.limit(*table, name);
}

bool Run::rule(std::string_view verb) {
  if (verb == "delete" || verb == "destroy")
    return block_.refuse(lexer_.peek(), "which rule goes cannot be told without the kernel that gave the handle",
                         "give the rule set that it results in, as `nft list ruleset` prints it");
  Table* const table = known_table();
  if (table == nullptr) return false;
  const Token name = lexer_.next();
  Chain* const chain = table->chains.find(name.text);
  if (chain == nullptr) return block_.refuse(name, "there is no chain `" + std::string(name.text) + "`");
  std::optional<std::size_t> index;
  if (lexer_.peek().is("handle") || lexer_.peek().is("position"))
    return block_.refuse(lexer_.peek(), "a handle says nothing without the kernel that gave it");
  if (lexer_.take("index")) {
    const Token number = lexer_.next();
    if (number.kind != Kind::number || number.value >= chain->rules.size())
      return block_.refuse(number, "the chain has no rule of this index");
    index = static_cast<std::size_t>(number.value);
  }
  const std::size_t place = verb == "insert" ? index.value_or(0) : index ? *index + 1 : chain->rules.size();
  return block_.rule(*chain, place);
}

bool Run::flush() {
  const Token what = lexer_.next();
  if (what.is("ruleset")) {
    const bool named = lexer_.peek().kind == Kind::word && is_family(lexer_.peek().text);
    const std::string_view only = named ? lexer_.next().text : std::string_view();
    std::erase_if(script_.tables, [&](const Table& table) { return only.empty() || table.family == only; });
    for (const std::string_view each : families_known)
      if ((only.empty() || each == only) && std::ranges::find(script_.all_removed, each) == script_.all_removed.end())
        script_.all_removed.push_back(each);
    return true;
  }
  if (!what.is("table") && !what.is("chain") && !what.is("set") && !what.is("map") && !what.is("meter"))
    return block_.refuse(what, "nft has no such command");
  Table* const table = known_table();
  if (table == nullptr) return false;
  if (what.is("table")) {
    for (Chain& chain : table->chains.all()) chain.rules.clear();
    return true;
  }
  const Token name = lexer_.next();
  if (what.is("chain")) {
    if (Chain* const chain = table->chains.find(name.text)) chain->rules.clear();
    else return block_.refuse(name, "there is no chain `" + std::string(name.text) + "`");
  } else if (Set* const set = table->sets.find(name.text)) {
    set->elements.clear();
  } else if (!what.is("meter")) {
    return block_.refuse(name, "there is no set `" + std::string(name.text) + "`");
  }
  return true;
}

}  // namespace

Script run(const Source& source, Definitions& definitions) {
  return Run(source, definitions).all();
}

}  // namespace portpolicy::nft::text
