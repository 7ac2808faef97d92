#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mapnet {

struct Box {
  double x = 0, y = 0, w = 0, h = 0;
};

/// Colour-blind-safe colours (Okabe and Ito), in order; beyond the eighth they come round again.
std::string_view group_colour(std::size_t group);

/// A name as XML text or attribute: the five special characters as entities, control characters,
/// which XML 1.0 cannot hold at all, as '?'.
std::string xml_escape(std::string_view text);

/// How wide a sans-serif text comes out, a little on the safe side.
double text_width(std::string_view text, double font_size);

/// The few shapes the plan is drawn from, written down as SVG elements.
class SvgCanvas {
 public:
  enum class Anchor { start, middle, end };

  /// A tinted box with a solid edge. `tooltip`, if not empty, shows when the pointer rests on it.
  void box(const Box& b, std::string_view colour, std::string_view tooltip = {});
  /// `degrees` turns the text about its anchor.
  void text(double x, double y, std::string_view text, double font_size, Anchor anchor,
            std::string_view style = {}, double degrees = 0);
  void line(double x1, double y1, double x2, double y2, std::string_view style);

  /// The longest of `name (size)`, `name` that fits in the box, along it or up it. False if none
  /// does.
  bool label(const Box& b, const std::string& name, const std::string& size);

  /// The finished document, `w` x `h` pixels on white.
  std::string document(double w, double h, std::string_view title) const;

 private:
  std::string body_;
};

}  // namespace mapnet
