#include "memory/svg_canvas.hpp"

#include <fmt/core.h>

#include <array>

namespace mapnet {

std::string_view group_colour(std::size_t group) {
  static constexpr std::array<std::string_view, 8> colours = {
      "#808080", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#C9B800", "#0072B2"};
  return colours[group % colours.size()];
}

std::string xml_escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&apos;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return escaped;
}

double text_width(std::string_view text, double font_size) {
  return 0.6 * font_size * static_cast<double>(text.size());
}

void SvgCanvas::box(const Box& b, std::string_view colour, std::string_view tooltip) {
  const std::string at = fmt::format(
      R"(<rect x="{:.2f}" y="{:.2f}" width="{:.2f}" height="{:.2f}")", b.x, b.y, b.w, b.h);
  // White below the tint, or the grid would show through.
  body_ += at + R"( fill="#FFFFFF"/>)" + at;
  body_ +=
      fmt::format(R"( fill="{0}" fill-opacity="0.4" stroke="{0}" stroke-width="0.8">)", colour);
  if (!tooltip.empty()) body_ += "<title>" + xml_escape(tooltip) + "</title>";
  body_ += "</rect>\n";
}

void SvgCanvas::text(double x, double y, std::string_view text, double font_size, Anchor anchor,
                     std::string_view style, double degrees) {
  static constexpr std::array<std::string_view, 3> anchors = {"start", "middle", "end"};
  std::string turned;
  if (degrees != 0) turned = fmt::format(" transform='rotate({} {:.2f} {:.2f})'", degrees, x, y);
  body_ += fmt::format(
      R"(<text x="{:.2f}" y="{:.2f}" font-size="{}" text-anchor="{}"{} {}>{}</text>)", x, y,
      font_size, anchors[static_cast<std::size_t>(anchor)], turned, style, xml_escape(text));
  body_ += '\n';
}

void SvgCanvas::line(double x1, double y1, double x2, double y2, std::string_view style) {
  body_ += fmt::format(R"(<line x1="{:.2f}" y1="{:.2f}" x2="{:.2f}" y2="{:.2f}" {}/>)", x1, y1, x2,
                       y2, style);
  body_ += '\n';
}

bool SvgCanvas::label(const Box& b, const std::string& name, const std::string& size) {
  constexpr double pad = 6;
  const double x = b.x + b.w / 2, y = b.y + b.h / 2;
  for (const bool upright : {false, true}) {
    const double along = upright ? b.h : b.w, across = upright ? b.w : b.h;
    for (const std::string& text : {name + " (" + size + ")", name}) {
      for (const double font : {11.0, 9.0}) {
        if (across < font || along < text_width(text, font) + pad) continue;
        const double down = 0.35 * font;  // from the middle of the letters to their base line
        if (upright) {
          this->text(x + down, y, text, font, Anchor::middle, {}, -90);
        } else {
          this->text(x, y + down, text, font, Anchor::middle);
        }
        return true;
      }
    }
  }
  return false;
}

std::string SvgCanvas::document(double w, double h, std::string_view title) const {
  return fmt::format(
             R"(<?xml version="1.0" encoding="UTF-8"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{0:.0f}" height="{1:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" font-family="DejaVu Sans, Helvetica, Arial, sans-serif" fill="#222222">
<title>{2}</title>
<rect x="0" y="0" width="{0:.0f}" height="{1:.0f}" fill="#FFFFFF"/>
)",
             w, h, xml_escape(title)) +
         body_ + "</svg>\n";
}

}  // namespace mapnet
