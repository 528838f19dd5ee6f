#pragma once

namespace portpolicy {

/// The lambdas of a `std::visit`, one for each alternative.
template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

}  // namespace portpolicy
