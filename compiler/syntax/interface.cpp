#include "compiler/syntax/interface.h"

#include <string>
#include <utility>
#include <vector>

namespace portpolicy::syntax {
namespace {

using Exprs = std::vector<InterfaceExpr>;

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

std::optional<Exprs> read_items(Node value, std::string_view what, const Context& context) {
  Exprs items;
  if (value.is_sequence()) items.reserve(value.size());
  const bool good = each_item(value, what, context, [&](Node item) {
    std::optional<InterfaceExpr> expr = read_interface(item, what, context);
    if (!expr) return false;
    items.push_back(*std::move(expr));
    return true;
  });
  if (!good) return std::nullopt;
  return items;
}

std::optional<InterfaceExpr> read_mapping(Node mapping, const Context& context) {
  const std::size_t before = context.diagnostics.errors();
  const Fields fields = read_fields(mapping, interface_keys, context);
  if (context.diagnostics.errors() != before) return std::nullopt;
  const Fields::Field* any = fields.find("any");
  const Fields::Field* except = fields.find("except");
  if (any == nullptr) {
    context.error(Code::missing_key, mapping.where(), "`any` is missing in this set of interfaces",
                  "write `{any: \"*\", except: [...]}` for all but some");
    return std::nullopt;
  }
  std::optional<Exprs> of = read_items(any->value, "any", context);
  std::optional<Exprs> without = except == nullptr ? Exprs{} : read_items(except->value, "except", context);
  if (!of || !without) return std::nullopt;
  return InterfaceExpr{InterfaceExpr::Except{*std::move(of), *std::move(without)}, mapping.where()};
}

}  // namespace

std::optional<InterfaceExpr> read_interface(Node value, std::string_view what, const Context& context) {
  if (value.is_scalar()) return read_word(value, what, context);
  if (value.is_mapping()) return read_mapping(value, context);
  std::optional<Exprs> items = read_items(value, what, context);
  if (!items) return std::nullopt;
  return InterfaceExpr{InterfaceExpr::List{*std::move(items)}, value.where()};
}

}  // namespace portpolicy::syntax
