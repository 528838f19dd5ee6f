#include "compiler/syntax/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <spanstream>
#include <utility>

#include "compiler/base/decimal.h"
#include "compiler/syntax/yaml_error.h"
#include "compiler/syntax/yaml_text.h"

namespace portpolicy::syntax {
namespace {

constexpr std::size_t max_nesting = 32;

/// Leaves yaml-cpp's parser; never leaves this file.
struct Refused {
  Complaint complaint;
};

bool is_null_word(std::string_view word) {
  return word == "~" || word == "null" || word == "Null" || word == "NULL";
}

}  // namespace

/// Makes a tree of yaml-cpp's events, which give the first byte of a node and never its last.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Tree& tree, std::string_view text, std::size_t max_nodes)
      : tree_(tree), text_(text), max_nodes_(max_nodes) {
    tree_.nodes_.reserve(std::min(text.size() / 8 + 1, max_nodes));
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    throw Refused{second_document(static_cast<std::uint32_t>(mark.pos))};
  }
  void OnDocumentEnd() override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { refuse_anchor(mark); }

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::uint32_t at = position(mark);
    if (anchor != YAML::NullAnchor) refuse_anchor(mark);
    if (at < text_.size() && text_[at] == '!' && at >= last_end_) refuse_tag(mark);
    const std::uint32_t word_end = at < text_.size() ? end_of_word(text_, at) : at;
    if (at >= last_end_ && is_null_word(text_.substr(at, word_end - at))) {
      add(Tree::Kind::null, at, word_end);
      last_end_ = word_end;
    } else {
      const std::optional<std::uint32_t> sign = last_indicator(at);
      add(Tree::Kind::null, sign.value_or(last_end_), sign ? *sign + 1 : last_end_);
      last_end_ = tree_.nodes_.back().end;
    }
    last_is_plain_ = false;
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_properties(mark, tag, anchor);
    const std::uint32_t begin = position(mark);
    require_separator(begin);
    const char first = begin < text_.size() ? text_[begin] : ' ';
    const bool in_quotes = first == '"' || first == '\'';
    const bool block = tag == "!" && (first == '|' || first == '>');
    const std::uint32_t end = in_quotes ? close_of_quote(begin)
                              : block   ? end_of_block(text_, begin)
                                        : end_of_plain(text_, begin, value);
    Tree::Stored& node = add(Tree::Kind::scalar, begin, end);
    node.quoted = in_quotes || block;
    const std::uint32_t inside = begin + (in_quotes ? 1 : 0);
    node.verbatim = text_.substr(inside, value.size()) == value;
    node.text_begin = node.verbatim ? inside : static_cast<std::uint32_t>(tree_.rewritten_.size());
    node.text_size = static_cast<std::uint32_t>(value.size());
    if (!node.verbatim) tree_.rewritten_ += value;
    last_begin_ = begin;
    last_end_ = end;
    last_is_plain_ = !node.quoted;
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    check_properties(mark, tag, anchor);
    open(Tree::Kind::sequence, position(mark), '[');
  }
  void OnSequenceEnd() override { close(']'); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    check_properties(mark, tag, anchor);
    open(Tree::Kind::mapping, position(mark), '{');
  }
  void OnMapEnd() override { close('}'); }

  /// An empty text has no events; it is a null.
  void ensure_root() {
    if (tree_.nodes_.empty()) add(Tree::Kind::null, 0, 0);
  }

  std::size_t count() const { return tree_.nodes_.size(); }

  Progress progress(std::string_view reason, int at) const {
    Progress progress{text_, reason, 0, last_begin_, last_end_, last_is_plain_};
    progress.at = at < 0 ? last_end_ : std::min(static_cast<std::uint32_t>(at), size());
    for (const Open& collection : open_) {
      if (collection.bracket) progress.open_bracket = tree_.nodes_[collection.node].begin;
    }
    return progress;
  }

 private:
  struct Open {
    std::uint32_t node;
    bool bracket;
  };

  std::uint32_t size() const { return static_cast<std::uint32_t>(text_.size()); }
  std::uint32_t position(const YAML::Mark& mark) const {
    return std::min(static_cast<std::uint32_t>(mark.pos), size());
  }

  Tree::Stored& add(Tree::Kind kind, std::uint32_t begin, std::uint32_t end) {
    if (tree_.nodes_.size() == max_nodes_) throw Refused{too_many_values(begin, end)};
    tree_.nodes_.push_back({.begin = begin, .end = end, .kind = kind});
    tree_.nodes_.back().after = static_cast<std::uint32_t>(tree_.nodes_.size());
    return tree_.nodes_.back();
  }

  /// yaml-cpp reads `[a "b"]` as if a comma stood between the two.
  void require_separator(std::uint32_t begin) const {
    if (open_.empty() || !open_.back().bracket || begin < last_end_) return;
    const bool first = last_end_ == tree_.nodes_[open_.back().node].begin + 1;
    if (first || skip_blank(text_, last_end_) != begin) return;
    const std::uint32_t end = end_of_word(text_, begin);
    throw Refused{
        {Code::yaml_syntax, begin, end, "a comma is missing before " + quoted(text_.substr(begin, end - begin))}};
  }

  void open(Tree::Kind kind, std::uint32_t begin, char bracket) {
    if (open_.size() == max_nesting) {
      throw Refused{{Code::too_deep, begin, end_of_word(text_, begin),
                     "values are nested more than " + std::to_string(max_nesting) + " deep"}};
    }
    require_separator(begin);
    const bool bracketed = begin < text_.size() && text_[begin] == bracket;
    open_.push_back({static_cast<std::uint32_t>(tree_.nodes_.size()), bracketed});
    add(kind, begin, begin);
    if (bracketed) last_end_ = begin + 1;
    last_is_plain_ = false;
  }

  void close(char bracket) {
    const Open collection = open_.back();
    open_.pop_back();
    if (collection.bracket) {
      std::uint32_t at = skip_blank(text_, last_end_);
      while (at < text_.size() && (text_[at] == ',' || text_[at] == ':' || text_[at] == '?')) {
        at = skip_blank(text_, at + 1);
      }
      if (at < text_.size() && text_[at] == bracket) last_end_ = at + 1;
    }
    Tree::Stored& node = tree_.nodes_[collection.node];
    node.end = std::max(last_end_, node.begin);
    node.after = static_cast<std::uint32_t>(tree_.nodes_.size());
    last_is_plain_ = false;
  }

  /// The last `:`, `-` or `,` between the last token and `end`.
  std::optional<std::uint32_t> last_indicator(std::uint32_t end) const {
    std::optional<std::uint32_t> found;
    for (std::uint32_t at = skip_blank(text_, last_end_); at < end; at = skip_blank(text_, at + 1)) {
      found = at;
    }
    return found;
  }

  std::uint32_t close_of_quote(std::uint32_t begin) const {
    if (const auto end = end_of_quoted(text_, begin)) return *end;
    // `explain` knows what to say of an open quote.
    throw Refused{explain({text_, {}, size(), begin, begin})};
  }

  void check_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) const {
    const std::uint32_t at = position(mark);
    if (anchor != YAML::NullAnchor) refuse_anchor(mark);
    const bool written = at < text_.size() && text_[at] == '!';
    if (written || (tag != "?" && tag != "!")) refuse_tag(mark);
  }

  [[noreturn]] void refuse_anchor(const YAML::Mark& mark) const { refuse(mark, "anchor", '&'); }
  [[noreturn]] void refuse_tag(const YAML::Mark& mark) const { refuse(mark, "tag", '!'); }
  /// A node may have a tag and an anchor, in either order.
  [[noreturn]] void refuse(const YAML::Mark& mark, std::string_view what, char sign) const {
    std::uint32_t at = position(mark);
    const std::size_t sign_at = text_.substr(0, line_end(text_, at)).find(sign, at);
    if (text_[at] != '*' && sign_at != std::string_view::npos) at = static_cast<std::uint32_t>(sign_at);
    throw Refused{explain({text_, what, at, at, at})};
  }

  Complaint second_document(std::uint32_t at) const {
    const std::uint32_t next = skip_blank(text_, last_end_);
    const std::string_view rest = text_.substr(next);
    const bool marker = rest.starts_with("---") || rest.starts_with("...");
    if (marker || tree_.nodes_.empty()) {
      const std::uint32_t place = marker ? next : at;
      return {Code::several_documents, place, std::min(place + 3, size()), "a second document begins here",
              "put it in a file of its own and name that under `include`"};
    }
    return explain({text_, "unexpected", next, last_end_, last_end_});
  }

  Tree& tree_;
  std::string_view text_;
  std::size_t max_nodes_;
  std::vector<Open> open_;
  int documents_ = 0;
  std::uint32_t last_begin_ = 0;
  std::uint32_t last_end_ = 0;
  bool last_is_plain_ = false;
};

namespace {

/// Trailing line breaks hide an open quote from yaml-cpp 0.7: it takes the end of the text for the closing quote.
std::string_view without_trailing_blank(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

/// One look behind the first document is enough, and more may never end: of a text like `,` yaml-cpp takes nothing
/// and yet says there is more.
std::optional<Complaint> parse(std::string_view text, TreeBuilder& builder) {
  try {
    std::ispanstream stream{std::span<const char>(text.data(), text.size())};
    YAML::Parser parser(stream);
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(builder);
    return std::nullopt;
  } catch (Refused& refused) {
    return std::move(refused.complaint);
  } catch (const YAML::Exception& exception) {
    return explain(builder.progress(exception.msg, exception.mark.pos));
  }
}

}  // namespace

Node Tree::root() const {
  return {this, 0};
}

std::string_view Node::text() const {
  const Tree::Stored& node = stored();
  const std::string_view whole = node.verbatim ? tree_->sources_->text(tree_->file_) : tree_->rewritten_;
  return whole.substr(node.text_begin, node.text_size);
}

std::optional<Tree> read_yaml(const SourceMap& sources, FileId file, std::size_t& values_left,
                              Diagnostics& diagnostics) {
  const std::string_view text = sources.text(file);
  std::optional<Tree> tree(std::in_place, sources, file);
  std::optional<Complaint> complaint = complaint_about_bytes(text, values_left);
  if (!complaint) {
    TreeBuilder builder(*tree, without_trailing_blank(text), values_left);
    complaint = parse(without_trailing_blank(text), builder);
    if (!complaint) builder.ensure_root();
    values_left -= builder.count();
  }
  if (!complaint) return tree;
  diagnostics.add(complaint->code, {file, complaint->begin, complaint->end}, std::move(complaint->message),
                  std::move(complaint->help));
  return std::nullopt;
}

}  // namespace portpolicy::syntax
