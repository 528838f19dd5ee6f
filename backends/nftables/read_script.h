#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "backends/nftables/read.h"
#include "backends/nftables/read_source.h"
#include "compiler/base/address.h"

/// The script as what exists when its commands have run: tables with chains, sets and limits, whose rules, elements and
/// types are still text. A rule can only be read when all that it names is known.
namespace portpolicy::nft::text {

struct Hook {
  std::string_view type;  ///< filter, nat or route
  std::string_view name;  ///< input, forward, ingress, ...
  int priority = 0;
  bool drops = false;  ///< policy drop
  Extent where;
};

struct Chain {
  std::string_view name;
  Extent where;
  std::uint32_t registered = 0;  ///< base chains: counts up over the script
  std::optional<Hook> hook;
  std::vector<Extent> rules;
};

struct Set {
  std::string_view name;
  Extent where;
  bool is_map = false;
  Extent key_type;    ///< behind `type` or `typeof`, up to the colon of a map
  Extent value_type;  ///< of a map
  bool is_typeof = false;
  bool interval = false, timeout = false, dynamic = false, auto_merge = false;
  Uint128 timeout_milliseconds = 0;  ///< 0: none for all elements
  bool has_statement = false;        ///< which each element runs
  struct Elements {
    Extent inside;  ///< of the braces, or the name of a variable with its `$`
    bool removes = false;
    bool in_definition = false;  ///< `elements = { ... }`
  };
  std::vector<Elements> elements;
};

/// A limit that rules share by its name.
struct Object {
  std::string_view name;
  Extent inside;  ///< of the braces
};

template <class T>
class Named {
 public:
  T* find(std::string_view name) {
    const auto known = index_.find(name);
    return known == index_.end() ? nullptr : &items_[known->second];
  }
  const T* find(std::string_view name) const { return const_cast<Named*>(this)->find(name); }
  /// The one of this name, perhaps a new one.
  T& get(std::string_view name) {
    const auto [known, fresh] = index_.emplace(name, items_.size());
    if (fresh) items_.emplace_back().name = name;
    return items_[known->second];
  }
  void erase(std::string_view name) {
    const auto known = index_.find(name);
    if (known == index_.end()) return;
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(known->second));
    index_.clear();
    for (std::size_t i = 0; i < items_.size(); ++i) index_.emplace(items_[i].name, i);
  }
  const std::vector<T>& all() const { return items_; }
  std::vector<T>& all() { return items_; }

 private:
  std::vector<T> items_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

struct Table {
  std::string_view family;
  std::string_view name;
  bool dormant = false;
  Named<Chain> chains;
  Named<Set> sets;
  Named<Object> limits;
};

struct Script {
  std::vector<Table> tables;
  std::vector<TableName> removed;
  std::vector<std::string_view> all_removed;  ///< families of which every table was removed
  std::vector<filter::Remark> passed_over;
};

/// Runs the commands. What cannot be read is told to the source.
Script run(const Source& source, Definitions& definitions);

}  // namespace portpolicy::nft::text
