#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "compiler/base/result.h"

namespace portpolicy {

using Date = std::chrono::year_month_day;

/// `YYYY-MM-DD` (ISO 8601), a day that exists.
Result<Date> parse_date(std::string_view text);
std::string to_string(Date date);

}  // namespace portpolicy
