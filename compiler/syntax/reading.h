#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/base/decimal.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/syntax/language.h"
#include "compiler/syntax/policy.h"
#include "compiler/syntax/yaml.h"

/// What the readers of all parts of the language use. A reader reports what is wrong with its node and then returns
/// nothing (or false); no mistake is reported by two of them.
namespace portpolicy::syntax {

/// Finds the list file that a policy names; nothing when it cannot be read, which is reported then.
using FindList = std::function<std::optional<ListFileId>(const Located<std::string>& path)>;

struct Context {
  Diagnostics& diagnostics;
  FindList find_list;

  void error(Code code, Span where, std::string message, std::string help = {}) const {
    diagnostics.add(code, where, std::move(message), std::move(help));
  }
};

/// What is wrong with a piece of text.
struct Mistake {
  Code code;
  std::string message;
  std::string help{};
};

/// `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`
bool is_name(std::string_view text);

/// Whether other readers of YAML take this word for a number or a truth value: `1e3`, `0o17`, `true`. A tool that
/// rewrites a policy makes 1000 of the first, so no service and no network is called so.
bool reads_as_value(std::string_view text);

/// "a list", "a mapping", "text" or "nothing", for messages.
std::string_view kind_name(Node node);

/// The keys of one mapping that have a value.
class Fields {
 public:
  struct Field {
    const Key* key = nullptr;
    Node name, value;
  };

  const Field* find(std::string_view name) const {
    for (const Field& field : *this) {
      if (field.key->name == name) return &field;
    }
    return nullptr;
  }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + count_; }

 private:
  friend Fields read_fields(Node, const Mapping&, const Context&);
  std::array<Field, 20> fields_;  // no kind of mapping has more keys
  std::size_t count_ = 0;
};

/// Reads the keys of a mapping. Reports unknown, doubled and empty ones.
Fields read_fields(Node mapping, const Mapping& known, const Context& context);

/// Calls `read` for each key and value of a mapping whose keys are names that the author chose. `what` is what the
/// mapping is called in messages. Reports doubled keys and empty values.
void each_entry(Node mapping, std::string_view what, const Context& context,
                const std::function<void(Node name, Node value)>& read);

/// Calls `read` for the one scalar that `value` is, or for each item of a list. Reports an empty list and empty items.
template <class Read>
bool each_item(Node value, std::string_view what, const Context& context, Read read);

/// The text of a scalar; anything else is reported: "`comment` takes text, not a list".
std::optional<Located<std::string>> read_text(Node value, std::string_view what, const Context& context);

/// A name, perhaps in quotes.
std::optional<Located<std::string>> read_name(Node value, std::string_view what, const Context& context);

/// The index in `words` of a scalar that must be one of them.
std::optional<std::size_t> read_word(Node value, std::span<const std::string_view> words, std::string_view what,
                                     const Context& context);

/// One or a list of such words, as indices.
std::optional<std::vector<std::size_t>> read_words(Node value, std::span<const std::string_view> words,
                                                   std::string_view what, const Context& context);

/// `true`, `false`, or a text that begins log lines. The outer optional: whether it was good.
std::optional<std::optional<Log>> read_log(Node value, const Context& context);

/// Codes and reasons.
std::optional<std::vector<Waiver>> read_waivers(Node value, const Context& context);

/// If `text` is a plain word such as `allow:ssh`, what to say of it.
std::optional<Mistake> glued_colon(Node node);

void report_empty_list(Node value, std::string_view what, const Context& context);
void report_empty_item(Node item, std::string_view what, const Context& context);

template <class Read>
bool each_item(Node value, std::string_view what, const Context& context, Read read) {
  if (!value.is_sequence()) return read(value);
  if (value.childless()) report_empty_list(value, what, context);
  bool good = !value.childless();
  for (const Node item : value) {
    if (context.diagnostics.too_many_errors()) return false;
    if (item.is_null()) report_empty_item(item, what, context);
    if (item.is_null() || !read(item)) good = false;
  }
  return good;
}

}  // namespace portpolicy::syntax
