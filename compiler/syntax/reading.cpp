#include "compiler/syntax/reading.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "compiler/base/words.h"
#include "compiler/diagnostics/render.h"
#include "compiler/diagnostics/suggest.h"

namespace portpolicy::syntax {
namespace {

constexpr std::size_t longest_name = 63;
constexpr std::size_t longest_log_prefix = 32;
constexpr std::array<std::string_view, 2> reserved_keys{"user", "program"};

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

std::string ticked(std::string_view word) {
  return "`" + std::string(word) + "`";
}

std::string list_of(std::span<const std::string_view> words) {
  std::vector<std::string> all;
  for (const std::string_view word : words) all.push_back(ticked(word));
  return joined(all, "or");
}

std::vector<std::string_view> names_of(const Mapping& known) {
  std::vector<std::string_view> names;
  for (const Key& key : known.keys) names.push_back(key.name);
  return names;
}

void report_unknown(Node name, const Mapping& known, const Context& context) {
  const std::string_view text = name.text();
  if ((std::ranges::find(reserved_keys, text) != reserved_keys.end())) {
    context.error(Code::unknown_key, name.where(),
                  ticked(text) + " is reserved for a later version of the policy language", "take the key out");
    return;
  }
  const auto advice = std::ranges::find(known.advice, text, &Advice::wrong);
  std::string help;
  const std::vector<std::string_view> names = names_of(known);
  if (advice != known.advice.end()) help = advice->help;
  else help = did_you_mean(text, names);
  if (help.empty()) help = "the keys are " + list_of(names);
  context.error(Code::unknown_key, name.where(), "unknown key " + quoted(text) + " in " + std::string(known.title),
                std::move(help));
}

/// Whether a key is text that can be read on.
bool good_key(Node name, Node value, const Context& context) {
  if (name.is_null()) {
    const bool nothing_at_all = value.is_null();
    context.error(Code::empty_value, name.where(), "a key is missing here",
                  nothing_at_all ? "take the extra comma out" : "write the key before the colon");
    return false;
  }
  if (!name.is_scalar()) {
    context.error(Code::wrong_kind, name.where(), "a key is one word, not " + std::string(kind_name(name)));
    return false;
  }
  if (name.text() == "<<" && !name.quoted()) {
    context.error(Code::anchor_or_alias, name.where(), "`<<`: merge keys are not part of the policy language",
                  "write the entries out");
    return false;
  }
  if (value.is_null()) {
    if (const std::optional<Mistake> mistake = glued_colon(name)) {
      context.error(mistake->code, name.where(), mistake->message, mistake->help);
      return false;
    }
  }
  return true;
}

void report_duplicate(Node name, Span first, const Context& context) {
  context.diagnostics.add(Code::duplicate_key, name.where(), quoted(name.text()) + " stands here a second time",
                          "keep one of them", {{first, "the first time"}});
}

void report_no_value(Node name, const Context& context) {
  context.error(Code::empty_value, name.where(), quoted(name.text()) + " has no value",
                "write a value or take the key out");
}

bool is_boolean_word(std::string_view text) {
  constexpr std::array<std::string_view, 14> words{"yes", "Yes", "YES", "no",  "No",  "NO", "on",
                                                   "On",  "ON",  "off", "Off", "OFF", "y",  "n"};
  constexpr std::array<std::string_view, 4> shouted{"True", "TRUE", "False", "FALSE"};
  return (std::ranges::find(words, text) != words.end()) || (std::ranges::find(shouted, text) != shouted.end());
}

bool means_yes(std::string_view text) {
  return text[0] == 'y' || text[0] == 'Y' || text[0] == 't' || text[0] == 'T' || text.ends_with("n") ||
         text.ends_with("ON");
}

std::optional<Mistake> bad_log_prefix(std::string_view text) {
  if (text.empty()) return Mistake{Code::bad_value, "the text for log lines is empty", "write `true`"};
  if (text.size() > longest_log_prefix) {
    return Mistake{Code::bad_value, "the text for log lines is longer than 32 characters", "shorten it"};
  }
  const auto allowed = [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\'' && c != '`' && c != '\\' && c != '$';
  };
  if (!std::ranges::all_of(text, allowed)) {
    return Mistake{Code::bad_value, quoted(text) + " cannot begin a log line",
                   "use printable ASCII characters, no quotes, no backslash and no `$`"};
  }
  return std::nullopt;
}

std::string_view without_trailing_blank(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= longest_name && is_alphanumeric(text[0]) &&
         std::ranges::all_of(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool reads_as_value(std::string_view text) {
  constexpr std::array<std::string_view, 6> truths{"true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::ranges::find(truths, text) != truths.end()) return true;
  if (text.empty() || text[0] < '0' || text[0] > '9') return false;
  const bool octal = text.starts_with("0o");
  if (octal || text.starts_with("0x")) {
    const std::string_view digits = octal ? "01234567" : "0123456789abcdefABCDEF";
    return text.size() > 2 && text.find_first_not_of(digits, 2) == std::string_view::npos;
  }
  double unused = 0;
  return std::from_chars(text.data(), text.data() + text.size(), unused).ptr == text.data() + text.size();
}

std::string_view kind_name(Node node) {
  switch (node.kind()) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::scalar:
      return "a word";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  std::unreachable();
}

std::optional<Mistake> glued_colon(Node node) {
  if (!node.is_scalar() || node.quoted()) return std::nullopt;
  const std::string_view text = node.text();
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos || colon + 1 == text.size()) return std::nullopt;
  const std::string meant = std::string(text.substr(0, colon)) + ": " + std::string(text.substr(colon + 1));
  return Mistake{Code::yaml_syntax, quoted(text) + " is one word, not a key and a value",
                 "write a space after the colon: " + quoted(meant)};
}

Fields read_fields(Node mapping, const Mapping& known, const Context& context) {
  Fields fields;
  for (auto at = mapping.begin(); at != mapping.end() && !context.diagnostics.too_many_errors();) {
    const Node name = *at++;
    const Node value = *at++;
    if (!good_key(name, value, context)) continue;
    const auto key = std::ranges::find(known.keys, name.text(), &Key::name);
    if (key == known.keys.end()) report_unknown(name, known, context);
    else if (const Fields::Field* first = fields.find(key->name)) report_duplicate(name, first->name.where(), context);
    else fields.fields_[fields.count_++] = {&*key, name, value};
  }
  const auto empty = [](const Fields::Field& field) { return field.value.is_null(); };
  const auto used = std::span(fields.fields_).first(fields.count_);
  for (const Fields::Field& field : used) {
    if (empty(field)) report_no_value(field.name, context);
  }
  fields.count_ -= std::ranges::remove_if(used, empty).size();
  return fields;
}

void each_entry(Node mapping, std::string_view what, const Context& context,
                const std::function<void(Node name, Node value)>& read) {
  if (!mapping.is_mapping()) {
    const std::optional<Mistake> mistake = glued_colon(mapping);
    if (mistake) context.error(mistake->code, mapping.where(), mistake->message, mistake->help);
    else
      context.error(Code::wrong_kind, mapping.where(),
                    ticked(what) + " takes a mapping, not " + std::string(kind_name(mapping)));
    return;
  }
  std::unordered_map<std::string_view, Span> seen;
  for (auto at = mapping.begin(); at != mapping.end() && !context.diagnostics.too_many_errors();) {
    const Node name = *at++;
    const Node value = *at++;
    if (!good_key(name, value, context)) continue;
    const auto [first, is_new] = seen.try_emplace(name.text(), name.where());
    if (!is_new) report_duplicate(name, first->second, context);
    else if (value.is_null()) report_no_value(name, context);
    if (is_new) read(name, value);
  }
}

void report_empty_list(Node value, std::string_view what, const Context& context) {
  context.error(Code::empty_value, value.where(), "the list after " + ticked(what) + " is empty",
                "name something or take the key out");
}

void report_empty_item(Node item, std::string_view what, const Context& context) {
  context.error(Code::empty_value, item.where(), "an item of the list after " + ticked(what) + " is empty",
                "write a value or take the item out");
}

std::optional<Located<std::string>> read_text(Node value, std::string_view what, const Context& context) {
  if (!value.is_scalar()) {
    context.error(Code::wrong_kind, value.where(), ticked(what) + " takes text, not " + std::string(kind_name(value)));
    return std::nullopt;
  }
  const std::string_view text = without_trailing_blank(value.text());
  if (text.empty()) {
    context.error(Code::empty_value, value.where(), "the text after " + ticked(what) + " is empty",
                  "write something or take the key out");
    return std::nullopt;
  }
  return Located<std::string>{std::string(text), value.where()};
}

std::optional<Located<std::string>> read_name(Node value, std::string_view what, const Context& context) {
  std::optional<Located<std::string>> name = read_text(value, what, context);
  if (!name || is_name(name->value)) return name;
  context.error(Code::bad_name, value.where(), quoted(name->value) + " cannot be a name",
                "a name begins with a letter or digit, goes on with these or `.`, `_`, `-`, and has at most 63");
  return std::nullopt;
}

std::optional<std::size_t> read_word(Node value, std::span<const std::string_view> words, std::string_view what,
                                     const Context& context) {
  if (!value.is_scalar()) {
    context.error(Code::wrong_kind, value.where(),
                  ticked(what) + " takes " + list_of(words) + ", not " + std::string(kind_name(value)));
    return std::nullopt;
  }
  const auto found = std::ranges::find(words, value.text());
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string help = did_you_mean(value.text(), words);
  if (help.empty()) help = "write " + list_of(words);
  context.error(Code::bad_value, value.where(), quoted(value.text()) + " is not a value of " + ticked(what),
                std::move(help));
  return std::nullopt;
}

std::optional<std::vector<std::size_t>> read_words(Node value, std::span<const std::string_view> words,
                                                   std::string_view what, const Context& context) {
  std::vector<std::size_t> indices;
  const bool good = each_item(value, what, context, [&](Node item) {
    const std::optional<std::size_t> index = read_word(item, words, what, context);
    if (index) indices.push_back(*index);
    return index.has_value();
  });
  if (!good) return std::nullopt;
  return indices;
}

std::optional<std::optional<Log>> read_log(Node value, const Context& context) {
  const auto refuse = [&](Mistake mistake) {
    context.error(mistake.code, value.where(), std::move(mistake.message), std::move(mistake.help));
    return std::nullopt;
  };
  if (!value.is_scalar()) {
    return refuse(
        {Code::wrong_kind, "`log` takes `true`, `false` or a short text, not " + std::string(kind_name(value))});
  }
  const std::string_view text = value.text();
  const bool truth = text == "true" || text == "false";
  if (truth && value.quoted()) {
    return refuse({Code::bad_value, quoted(text) + " in quotes is text", "write " + ticked(text) + " without quotes"});
  }
  if (truth) return text == "true" ? std::optional(Log{}) : std::nullopt;
  if (!value.quoted() && is_boolean_word(text)) {
    return refuse({Code::bad_value, quoted(text) + " is not a value of `log`",
                   means_yes(text) ? "write `true`" : "write `false`"});
  }
  if (auto mistake = bad_log_prefix(text)) return refuse(std::move(*mistake));
  return std::optional(Log{std::string(text)});
}

std::optional<std::vector<Waiver>> read_waivers(Node value, const Context& context) {
  const std::size_t before = context.diagnostics.errors();
  std::vector<Waiver> waivers;
  each_entry(value, "waive", context, [&](Node name, Node reason) {
    const std::optional<Code> code = code_named(name.text());
    if (!code) {
      context.error(Code::unknown_code_waived, name.where(), "there is no finding with the code " + quoted(name.text()),
                    "write the code of the finding to be waived, such as `PP303`");
      return;
    }
    const auto same = [&](const Waiver& waiver) { return waiver.code.value == *code; };
    if (const auto first = std::ranges::find_if(waivers, same); first != waivers.end()) {
      report_duplicate(name, first->code.where, context);
      return;
    }
    if (reason.is_null()) return;
    const std::optional<Located<std::string>> text = read_text(reason, name.text(), context);
    if (text) waivers.push_back({{*code, name.where()}, text->value});
  });
  if (context.diagnostics.errors() != before) return std::nullopt;
  return waivers;
}

}  // namespace portpolicy::syntax
