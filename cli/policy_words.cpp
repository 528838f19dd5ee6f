#include "cli/policy_words.h"

#include <utility>

#include "compiler/syntax/network.h"
#include "compiler/syntax/service.h"

namespace portpolicy::cli {

namespace {

std::string with_help(std::string message, const std::string& help) {
  return help.empty() ? message : message + "; " + help;
}

std::vector<std::string> words_of(std::string_view list) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    std::string_view word = list.substr(begin, end - begin);
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    words.emplace_back(word);
    begin = end + 1;
  }
  return words;
}

Result<syntax::NetworkExpr> network_of(const std::string& word) {
  using Expr = syntax::NetworkExpr;
  if (word.empty()) return fail("a network is missing");
  if (!syntax::reads_as_address(word)) {
    if (syntax::is_name(word)) return Expr{Expr::Name{word}, {}};
    return fail("`" + word + "` is neither an address nor a name");
  }
  if (const Result<AddressRange> range = AddressRange::parse(word)) return Expr{Expr::Literal{*range}, {}};
  const syntax::Mistake mistake = syntax::bad_address(word);
  return fail(with_help(mistake.message, mistake.help));
}

}  // namespace

PolicyWords::PolicyWords(const syntax::Policy& policy) : resolver_(policy, scratch_, diagnostics_) {
  diagnostics_.take_out([](const Diagnostic&) { return true; });  // of the definitions: reported already
}

std::string PolicyWords::problem(std::string_view otherwise) const {
  if (diagnostics_.all().empty()) return std::string(otherwise);
  const Diagnostic& first = diagnostics_.all().front();
  return with_help(first.message, first.help);
}

Result<std::vector<Transport>> PolicyWords::service(std::string_view text) {
  auto parsed = syntax::parse_service(text);
  if (!parsed) return fail(with_help(parsed.error().message, parsed.error().help));
  auto transports = resolver_.transports({*parsed});
  if (!transports) return fail(problem("`" + std::string(text) + "` is not a service"));
  return std::move(*transports);
}

Result<std::vector<Transport>> PolicyWords::services(std::string_view list) {
  std::vector<syntax::ServiceExpr> exprs;
  for (const std::string& word : words_of(list)) {
    auto parsed = syntax::parse_service(word);
    if (!parsed) return fail(with_help(parsed.error().message, parsed.error().help));
    exprs.push_back(*std::move(parsed));
  }
  auto transports = resolver_.transports(exprs);
  if (!transports) return fail(problem("`" + std::string(list) + "` is not a service"));
  return std::move(*transports);
}

Result<AddressSet> PolicyWords::networks(std::string_view list) {
  AddressSet all;
  for (const std::string& word : words_of(list)) {
    const Result<syntax::NetworkExpr> expr = network_of(word);
    if (!expr) return std::unexpected(expr.error());
    const std::optional<AddressSetId> id = resolver_.addresses(*expr);
    if (!id) return fail(problem("`" + word + "` is not a network"));
    all = unite(all, scratch_.address_sets[id->index].addresses);
  }
  return all;
}

Result<InterfaceSet> PolicyWords::interfaces(std::string_view list) {
  InterfaceSet all;
  for (const std::string& word : words_of(list)) {
    const std::optional<InterfaceSetId> id = resolver_.interfaces({syntax::InterfaceExpr::Word{word}, {}});
    if (!id) return fail(problem("`" + word + "` is not an interface"));
    all = unite(all, scratch_.interface_sets[id->index]);
  }
  return all;
}

}  // namespace portpolicy::cli
