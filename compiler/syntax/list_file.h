#pragma once

#include "compiler/base/address.h"
#include "compiler/diagnostics/diagnostic.h"

namespace portpolicy::syntax {

/// The addresses of a list file: one address, prefix or range a line, comments after `#`. Lines that are wrong are
/// reported, the first of them one by one.
AddressSet read_list(FileId file, const SourceMap& sources, Diagnostics& diagnostics);

}  // namespace portpolicy::syntax
