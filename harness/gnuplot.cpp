#include "harness/gnuplot.hpp"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "common/error.hpp"
#include "common/file.hpp"
#include "harness/process.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// Empty where there is none.
std::string find_gnuplot() {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const fs::path program = fs::path(folder) / "gnuplot"; fs::exists(program))
      return program.string();
  return {};
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// The <svg> element: sized by the page, black in the page's colour.
std::string for_page(std::string svg) {
  const std::size_t begin = svg.find("<svg");
  if (begin == std::string::npos) fail("gnuplot drew no SVG");
  svg.erase(0, begin);
  replace_all(svg, "rgb(  0,   0,   0)", "currentColor");
  replace_all(svg, "rgb(0,0,0)", "currentColor");
  replace_all(svg, " color=\"black\"", "");  // what currentColor would be within
  replace_all(svg, "=\"black\"", "=\"currentColor\"");
  replace_all(svg, "<title>Gnuplot</title>", "");  // a tooltip over the whole picture
  return svg;
}

}  // namespace

bool has_gnuplot() { return !find_gnuplot().empty(); }

std::string draw(const std::string& script, int width, int height) {
  const std::string program = find_gnuplot();
  if (program.empty()) fail("gnuplot is not installed: apt-get install gnuplot-nox");
  const ScratchFile file;
  write_file_atomic(
      file.path(),
      fmt::format("set terminal svg noenhanced size {},{} dynamic font 'sans-serif,12'\n", width,
                  height) +
          script);
  const ProgramOutput output = run_program({program, file.path()});
  if (output.exit_code != 0) fail("gnuplot: {}", output.errors);
  return for_page(output.output);
}

std::string as_file(const std::string& svg) {
  constexpr const char* kReaders =
      "<style>svg { color: #1f2328; background: #fff; }\n"
      "@media (prefers-color-scheme: dark) { svg { color: #e6edf3; background: #0d1117; } "
      "}</style>";
  std::string text = svg;
  text.insert(text.find('>') + 1, kReaders);
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + text;
}

std::string gnuplot_text(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '`' || c == '\\' || c == '\n')
      result += fmt::format("\\{:03o}", static_cast<int>(c));
    else
      result += c;
  }
  return result + "\"";
}

}  // namespace mapnet
