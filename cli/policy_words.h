#pragma once

#include <string_view>
#include <vector>

#include "compiler/base/result.h"
#include "compiler/diagnostics/diagnostic.h"
#include "compiler/graph/resolve.h"

namespace portpolicy::cli {

/// Words of the command line as the policy language writes them; the names of the policy count. What does not resolve is
/// an error that says what may be meant.
class PolicyWords {
 public:
  /// Of a policy without errors, which must outlive this.
  explicit PolicyWords(const syntax::Policy& policy);

  /// One service; empty: every protocol.
  Result<std::vector<Transport>> service(std::string_view text);
  /// Several, with commas between them.
  Result<std::vector<Transport>> services(std::string_view list);
  Result<AddressSet> networks(std::string_view list);
  Result<InterfaceSet> interfaces(std::string_view list);

 private:
  std::string problem(std::string_view otherwise) const;

  Graph scratch_;
  Diagnostics diagnostics_;
  Resolver resolver_;
};

}  // namespace portpolicy::cli
