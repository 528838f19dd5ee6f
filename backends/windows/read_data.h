#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backends/windows/read_source.h"

namespace portpolicy::windows::text {

/// `'ssh-staff'`, without its quotes.
struct Literal {
  std::string text;
  Extent where;
};

/// `LocalPort = @('22', '80')`
struct Entry {
  std::string_view key;
  Extent where;  ///< of the key
  bool is_list = false;
  std::vector<Literal> values;  ///< of a list at least one, else just one
};

/// `@{ ... }`, in which no key stands twice.
struct Table {
  std::vector<Entry> entries;
  Extent where;  ///< of `@{`

  const Entry* find(std::string_view key) const;
};

/// The part of a script that holds a policy.
struct Data {
  Table defaults, log;
  std::vector<Table> rules;
};

/// Reads that part. It is a small part of what PowerShell would take, the one that `compile` writes: anything that would have
/// to be worked out is refused. Nothing when it cannot be read, which was said.
std::optional<Data> read_data(const Source& source, Extent part);

}  // namespace portpolicy::windows::text
