#pragma once

#include <string>

namespace mapnet {

/// What gnuplot draws for a script, as an SVG to be put into a page: no size of its own, text and
/// lines of the axes in the page's colour, so that it can be read in light and dark. Throws Error
/// where there is no gnuplot, or with what it says of the script.
std::string draw(const std::string& script, int width = 720, int height = 420);

/// The same as a file of its own: black on white or white on black, as the reader has it.
std::string as_file(const std::string& svg);

/// Whether there is one.
bool has_gnuplot();

/// A text between double quotes, in a command or in a line of data, as gnuplot shows it letter by
/// letter: what it would read something else into (between backquotes, a command for a shell) is
/// written by its number. Its markup is off in all that is drawn.
std::string gnuplot_text(const std::string& text);

}  // namespace mapnet
