#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/syntax/reading.h"

/// Lists and exceptions, which networks and interfaces have alike. `read(item, what, context)` reads an `Expr`.
namespace portpolicy::syntax {

/// One or a list of them.
template <class Expr, class Read>
std::optional<std::vector<Expr>> read_items(Node value, std::string_view what, const Context& context, Read read) {
  std::vector<Expr> items;
  if (value.is_sequence()) items.reserve(value.size());
  const bool good = each_item(value, what, context, [&](Node item) {
    std::optional<Expr> expr = read(item, what, context);
    if (!expr) return false;
    items.push_back(*std::move(expr));
    return true;
  });
  if (!good) return std::nullopt;
  return items;
}

/// A list of them.
template <class Expr, class Read>
std::optional<Expr> read_list(Node value, std::string_view what, const Context& context, Read read) {
  std::optional<std::vector<Expr>> items = read_items<Expr>(value, what, context, read);
  if (!items) return std::nullopt;
  return Expr{typename Expr::List{*std::move(items)}, value.where()};
}

/// `{any: [...], except: [...]}`, whose keys have been read. Without `any` there is this mistake.
template <class Expr, class Read>
std::optional<Expr> read_exception(Node mapping, const Fields& fields, Mistake without_any, const Context& context,
                                   Read read) {
  const Fields::Field* any = fields.find("any");
  const Fields::Field* except = fields.find("except");
  if (any == nullptr) {
    context.error(without_any.code, mapping.where(), std::move(without_any.message), std::move(without_any.help));
    return std::nullopt;
  }
  std::optional<std::vector<Expr>> of = read_items<Expr>(any->value, "any", context, read);
  std::optional<std::vector<Expr>> without;
  if (except == nullptr) without.emplace();
  else without = read_items<Expr>(except->value, "except", context, read);
  if (!of || !without) return std::nullopt;
  return Expr{typename Expr::Except{*std::move(of), *std::move(without)}, mapping.where()};
}

}  // namespace portpolicy::syntax
