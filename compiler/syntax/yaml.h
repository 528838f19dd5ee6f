#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/diagnostics/diagnostic.h"

/// The part of YAML that a policy may use, as a tree in which every node knows its exact place.
namespace portpolicy::syntax {

class Node;

/// The nodes of one document, each followed by those inside it. Refers to the text in the `SourceMap`.
class Tree {
 public:
  enum class Kind : std::uint8_t { null, scalar, sequence, mapping };

  Tree(const SourceMap& sources, FileId file) : sources_(&sources), file_(file) {}
  Node root() const;

 private:
  friend class Node;
  friend class TreeBuilder;
  struct Stored {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t text_begin = 0, text_size = 0;  ///< of a scalar: in the source, or in `rewritten_`
    std::uint32_t after = 0;                      ///< the first node that is not inside this one
    Kind kind = Kind::null;
    bool quoted = false;
    bool verbatim = true;  ///< the value stands in the source as it is
  };

  const SourceMap* sources_;
  FileId file_;
  std::vector<Stored> nodes_;
  std::string rewritten_;  ///< values that escapes or line folding made different from the source
};

/// One node. Cheap to copy; valid as long as its tree.
class Node {
 public:
  using Kind = Tree::Kind;

  Node() = default;  ///< no node; may only be assigned to
  Kind kind() const { return stored().kind; }
  bool is_null() const { return kind() == Kind::null; }
  bool is_scalar() const { return kind() == Kind::scalar; }
  bool is_sequence() const { return kind() == Kind::sequence; }
  bool is_mapping() const { return kind() == Kind::mapping; }
  /// The value of a scalar.
  std::string_view text() const;
  /// Whether a scalar was written in quotes or as a block of text, so that it is not meant as a number or `true`.
  bool quoted() const { return stored().quoted; }
  /// From its first byte to its last. Of a null that is not written: the `:`, `-` or `,` that it should follow.
  Span where() const { return {tree_->file_, stored().begin, stored().end}; }
  /// Whether nothing is inside a sequence or mapping.
  bool childless() const { return stored().after == index_ + 1; }

  class Iterator {
   public:
    using value_type = Node;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Tree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
    Node operator*() const { return {tree_, index_}; }
    Iterator& operator++() {
      index_ = tree_->nodes_[index_].after;
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Tree* tree_ = nullptr;
    std::uint32_t index_ = 0;
  };
  /// The items of a sequence; the keys and values of a mapping in turn.
  Iterator begin() const { return {tree_, index_ + 1}; }
  Iterator end() const { return {tree_, stored().after}; }
  std::size_t size() const { return static_cast<std::size_t>(std::distance(begin(), end())); }

 private:
  friend class Tree;
  Node(const Tree* tree, std::uint32_t index) : tree_(tree), index_(index) {}
  const Tree::Stored& stored() const { return tree_->nodes_[index_]; }

  const Tree* tree_ = nullptr;
  std::uint32_t index_ = 0;
};

/// Keys and values that all files of a policy may have together. yaml-cpp reads about half a million a second.
inline constexpr std::size_t max_values = 2'500'000;

/// The document in `file`; an empty file is a null. Takes the number of its values from `values_left`. What YAML or the policy language does not allow anywhere (bytes
/// that are not UTF-8, a missing bracket, anchors, tags, ...) gives one finding and no tree.
std::optional<Tree> read_yaml(const SourceMap& sources, FileId file, std::size_t& values_left,
                              Diagnostics& diagnostics);

}  // namespace portpolicy::syntax
