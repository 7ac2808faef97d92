#include "export/c_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "common/error.hpp"
#include "export/int8_chain.hpp"
#include "train/build_info.hpp"

namespace mapnet {

namespace {

std::string literal(float value) {
  if (!std::isfinite(value)) fail("C header: a value is not finite");
  return fmt::format("{:#.9g}f", value);  // nine digits give the same float back
}

std::string literal(std::int8_t value) { return fmt::format("{}", static_cast<int>(value)); }

/// A layer's name as part of an identifier.
std::string identifier(std::string name) {
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

/// Between quotes, printable whatever it is; octal, which unlike \x ends after three digits.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\' || c == '?' || byte < 0x20 || byte >= 0x7f)
      out += fmt::format("\\{:03o}", byte);
    else
      out += c;
  }
  return out + "\"";
}

class Header {
 public:
  template <class T>
  void array(const std::string& name, const std::vector<T>& values) {
    const char* type = sizeof(T) == 1 ? "int8_t" : "float";
    text += fmt::format("static const {} {}[{}] = {{\n", type, name, values.size());
    std::string line;
    for (const T value : values) {
      const std::string next = literal(value) + ",";
      if (line.size() + next.size() > 98) flush(line);
      line += next;
    }
    flush(line);
    text += "};\n";
    arrays.push_back(name);
    bytes += values.size() * sizeof(T);
  }

  void layer(const ChainLayer& l) {
    const std::string name = own_name("model_" + identifier(l.name));
    text += fmt::format("\n/* {} */\n", l.name);
    array(name + "_weight", l.weight);
    array(name + "_scale", l.scale);
    if (!l.bias.empty()) array(name + "_bias", l.bias);
    table +=
        fmt::format("    {{{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}}},\n", l.channels,
                    l.height, l.width, l.outputs, l.kernel_height, l.kernel_width, l.stride,
                    l.padding, l.pool, l.relu ? 1 : 0, name + "_weight", name + "_scale",
                    l.bias.empty() ? "0" : name + "_bias", literal(l.quantize));
  }

  std::string text, table;
  std::vector<std::string> arrays;
  std::size_t bytes = 0;

 private:
  /// "a.b" and "a_b" are one identifier.
  std::string own_name(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !names_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
    return name;
  }

  void flush(std::string& line) {
    text += "  " + line + "\n";
    line.clear();
  }

  std::set<std::string> names_;
};

std::string class_names(const TrainedNetwork& network) {
  std::string names;
  for (int i = 0; i < network.net.classes; ++i) {
    const auto place = static_cast<std::size_t>(i);
    const std::string name = place < network.class_names.size() ? network.class_names[place]
                                                                : "class " + std::to_string(i);
    names += (i > 0 ? ", " : "") + quoted(name);
  }
  return names;
}

}  // namespace

void check_c_form(const TrainedNetwork& network) { check_chain(network); }

CHeader c_header(const TrainedNetwork& network, std::span<const float> ranges) {
  const Network& net = network.net;
  const Int8Chain chain = int8_chain(network, ranges);
  Header h;
  h.text = fmt::format(
      "/* {} in int8, written by mapnet {}. Run it with int8_network.c, which lies in\n"
      " * examples/microcontroller of mapnet's sources and of an installed share/mapnet. */\n"
      "#ifndef MAPNET_MODEL_H\n#define MAPNET_MODEL_H\n\n#include \"int8_network.h\"\n\n"
      "/* Of an image, pixels 0 to 255 as they are in a file. */\n"
      "#define MODEL_CHANNELS {}\n#define MODEL_HEIGHT {}\n#define MODEL_WIDTH {}\n"
      "#define MODEL_CLASSES {}\n#define MODEL_CLASS_NAMES {{{}}}\n"
      "/* RAM for int8_network_run, beside pixels and logits. */\n"
      "#define MODEL_SCRATCH_BYTES {}\n\n"
      "/* Each pixel's int8 value, [channels][256]. */\n",
      net.name, version_string(), net.channels, net.height, net.width, net.classes,
      class_names(network), chain.scratch_bytes());
  h.array("model_pixels", chain.pixels);
  for (const ChainLayer& l : chain.layers) h.layer(l);
  h.text += fmt::format("\nstatic const int8_layer model_layers[{}] = {{\n{}}};\n\n",
                        chain.layers.size(), h.table);
  h.text += fmt::format("static const int8_network model = {{model_pixels, model_layers, {}}};\n\n",
                        chain.layers.size());
  h.text += "/* Of all constants above but the two tables of pointers. */\n";
  h.text += fmt::format("#define MODEL_FLASH_BYTES (sizeof {})\n\n#endif\n",
                        fmt::join(h.arrays, " + sizeof "));
  return {h.text, h.bytes, chain.scratch_bytes()};
}

}  // namespace mapnet
