#include "compiler/syntax/interface.h"

#include <string>
#include <utility>

#include "compiler/syntax/items.h"

namespace portpolicy::syntax {
namespace {

std::optional<InterfaceExpr> read_word(Node value, std::string_view what, const Context& context) {
  const std::string_view text = value.text();
  if (text.empty()) {
    context.error(Code::empty_value, value.where(), "the interface after `" + std::string(what) + "` is empty",
                  "write the name of an interface, such as `eth0` or `br-*`");
    return std::nullopt;
  }
  const Result<InterfacePattern> pattern = InterfacePattern::parse(text);
  if (!pattern && !is_name(text)) {
    const bool several = text.find_first_of(", ") != std::string_view::npos;
    context.error(Code::bad_interface, value.where(), pattern.error().message,
                  several ? "write several interfaces as a list: `[eth0, eth1]`" : std::string());
    return std::nullopt;
  }
  return InterfaceExpr{InterfaceExpr::Word{std::string(text)}, value.where()};
}

std::optional<InterfaceExpr> read_mapping(Node mapping, const Context& context) {
  const std::size_t before = context.diagnostics.errors();
  const Fields fields = read_fields(mapping, interface_keys, context);
  if (context.diagnostics.errors() != before) return std::nullopt;
  Mistake without_any{Code::missing_key, "`any` is missing in this set of interfaces",
                      "write `{any: \"*\", except: [...]}` for all but some"};
  return read_exception<InterfaceExpr>(mapping, fields, std::move(without_any), context, read_interface);
}

}  // namespace

std::optional<InterfaceExpr> read_interface(Node value, std::string_view what, const Context& context) {
  if (value.is_scalar()) return read_word(value, what, context);
  if (value.is_mapping()) return read_mapping(value, context);
  return read_list<InterfaceExpr>(value, what, context, read_interface);
}

}  // namespace portpolicy::syntax
