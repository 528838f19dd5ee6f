#include "compiler/diagnostics/render.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compiler/base/words.h"
#include "compiler/diagnostics/finding_json.h"
#include "compiler/diagnostics/terminal_text.h"

namespace portpolicy {

namespace {

constexpr std::size_t widest_line = 100;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

/// Select Graphic Rendition (ECMA-48, 8.3.117).
enum class Style : std::uint8_t { plain, bold, error, warning, note, gutter };

std::string_view sequence(Style style) {
  switch (style) {
    case Style::plain:
      return "\x1b[0m";
    case Style::bold:
      return "\x1b[1m";
    case Style::error:
      return "\x1b[1;31m";
    case Style::warning:
      return "\x1b[1;33m";
    case Style::note:
      return "\x1b[1;36m";
    case Style::gutter:
      return "\x1b[34m";
  }
  std::unreachable();
}

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::note:
      return Style::note;
    case Severity::warning:
      return Style::warning;
    case Severity::error:
      return Style::error;
  }
  std::unreachable();
}

/// The part of a source line that is shown, and where the carets stand under it.
struct Excerpt {
  std::string text;
  std::size_t indent = 0;
  std::size_t carets = 0;
};

/// Tabs are shown as four spaces, so that carets stay in place whatever the terminal makes of a tab.
Glyph shown_glyph(std::string_view line, std::size_t offset) {
  return line[offset] == '\t' ? Glyph{"    ", 1, 4} : glyph_at(line, offset);
}

bool fits(std::string_view line) {
  if (line.size() > 4 * widest_line) return false;
  std::size_t width = 0;
  for (std::size_t i = 0; i < line.size();) {
    const Glyph glyph = shown_glyph(line, i);
    width += glyph.width;
    i += glyph.bytes;
  }
  return width <= widest_line;
}

/// Where the shown part of a line begins: at its start if it fits or the span is near, else some way before the span.
std::size_t first_shown(std::string_view line, std::size_t begin) {
  constexpr std::size_t before = widest_line / 3;
  if (begin <= 2 * before || fits(line)) return 0;
  std::size_t offset = begin - before;
  while (offset < begin && (static_cast<unsigned char>(line[offset]) & 0xc0u) == 0x80u) ++offset;
  return offset;
}

/// `begin` and `end` are bytes of the line.
Excerpt excerpt(std::string_view line, std::size_t begin, std::size_t end) {
  Excerpt shown;
  const std::size_t first = first_shown(line, begin);
  if (first != 0) shown.text = "...";
  const bool whole = first == 0 && fits(line);
  std::size_t width = shown.text.size();
  shown.indent = width;
  for (std::size_t i = first; i < line.size();) {
    const Glyph glyph = shown_glyph(line, i);
    if (!whole && width + glyph.width > widest_line) {
      shown.text += "...";
      break;
    }
    shown.text += glyph.text;
    width += glyph.width;
    if (i < begin) shown.indent += glyph.width;
    else if (i < end) shown.carets += glyph.width;
    i += glyph.bytes;
  }
  shown.carets = std::max<std::size_t>(shown.carets, 1);
  return shown;
}

/// Findings of a whole file have no line to show.
bool is_whole_file(Span span) {
  return span.begin == 0 && span.end == 0;
}

class TextRenderer {
 public:
  TextRenderer(const SourceMap& sources, Colour colour) : sources_(sources), colour_(colour) {}

  void finding(const Diagnostic& finding) {
    if (!out_.empty()) out_ += '\n';
    measure_gutter(finding);
    const Style style = style_of(finding.severity);
    const std::string kind = std::string(to_string(finding.severity)) + "[" + to_string(finding.code) + "]";
    headline(finding.primary.where, kind, style, finding.message);
    snippet(finding.primary.where, finding.primary.text, style);
    for (const Label& label : finding.related) {
      headline(label.where, "note", Style::note, label.text.empty() ? "see also this place" : label.text);
      snippet(label.where, {}, Style::note);
    }
    if (finding.witness) remark("packet", to_string(*finding.witness));
    if (!finding.help.empty()) remark("help", finding.help);
  }
  std::string take() { return std::move(out_); }

 private:
  void styled(Style style, std::string_view text) {
    if (text.empty()) return;
    if (colour_ == Colour::on) out_ += sequence(style);
    out_ += text;
    if (colour_ == Colour::on) out_ += sequence(Style::plain);
  }

  void measure_gutter(const Diagnostic& finding) {
    std::uint32_t last = sources_.begin(finding.primary.where).line;
    for (const Label& label : finding.related) last = std::max(last, sources_.begin(label.where).line);
    gutter_ = std::to_string(last).size() + 1;
  }

  void headline(Span where, std::string_view kind, Style style, std::string_view message) {
    const Position place = sources_.begin(where);
    styled(Style::bold, escaped(sources_.path(where.file)) + ":" + std::to_string(place.line) + ":" +
                            std::to_string(place.column) + ":");
    out_ += ' ';
    styled(style, kind);
    out_ += ": ";
    styled(Style::bold, escaped(message));
    out_ += '\n';
  }

  void gutter(std::string_view number, std::string_view mark) {
    styled(Style::gutter, std::string(gutter_ - number.size(), ' ') + std::string(number) + " " + std::string(mark));
  }

  void snippet(Span where, std::string_view label, Style style) {
    if (is_whole_file(where)) return;
    const std::uint32_t number = sources_.begin(where).line;
    std::string_view line = sources_.line(where.file, number);
    auto start = static_cast<std::size_t>(line.data() - sources_.text(where.file).data());
    if (start == 0 && line.starts_with(byte_order_mark)) {
      line.remove_prefix(byte_order_mark.size());
      start = byte_order_mark.size();
    }
    const auto inside = [&](std::uint32_t offset) {
      return std::min(offset - std::min<std::size_t>(start, offset), line.size());
    };
    const Excerpt shown = excerpt(line, inside(where.begin), inside(where.end));

    gutter({}, "|");
    out_ += '\n';
    gutter(std::to_string(number), "|");
    out_ += (shown.text.empty() ? "" : " ") + shown.text + '\n';
    gutter({}, "|");
    out_ += ' ' + std::string(shown.indent, ' ');
    styled(style, std::string(shown.carets, '^') + (label.empty() ? "" : " " + escaped(label)));
    out_ += '\n';
  }

  /// Text of several lines keeps them: it may be a rule to copy.
  void remark(std::string_view kind, std::string_view text) {
    const std::string lead = std::string(kind) + ": ";
    for (bool first = true; first || !text.empty(); first = false) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      if (first) gutter({}, "= ");
      else out_ += std::string(gutter_ + 3 + lead.size(), ' ');
      out_ += (first ? lead : "") + escaped(text.substr(0, end)) + '\n';
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  const SourceMap& sources_;
  Colour colour_;
  std::size_t gutter_ = 2;
  std::string out_;
};

}  // namespace

std::string render_text(const std::vector<Diagnostic>& findings, const SourceMap& sources, Colour colour) {
  TextRenderer renderer(sources, colour);
  for (const Diagnostic& finding : findings) renderer.finding(finding);
  return renderer.take();
}

std::string summary(const std::vector<Diagnostic>& findings) {
  std::string text;
  for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
    const auto count = std::ranges::count(findings, severity, &Diagnostic::severity);
    if (count == 0) continue;
    if (!text.empty()) text += ", ";
    text += counted(static_cast<std::size_t>(count), to_string(severity));
  }
  return text;
}

std::string render_json(const std::vector<Diagnostic>& findings, const SourceMap& sources) {
  return dump({{"format_version", 1}, {"findings", to_json(findings, sources)}});
}

}  // namespace portpolicy
