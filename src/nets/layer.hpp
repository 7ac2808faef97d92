#pragma once

#include <string>
#include <vector>

namespace mapnet {

/// One layer of a network's description. A list of layers is a graph: each reads the value of the
/// layer before it, or those it names.
struct Layer {
  enum class Kind {
    conv,
    conv_transpose,
    batch_norm,
    relu,
    max_pool,
    global_avg_pool,
    add,
    concat,
    linear,
    lstm,
  };
  Kind kind;
  std::string name = {};  ///< as torchvision names it; empty where nobody needs it
  int out = 0;            ///< channels, features or hidden units
  int kernel = 0;         ///< of a convolution or a pooling window
  int padding = 0;
  int stride = 1;
  bool bias = true;
  bool last_only = false;              ///< of an LSTM: the last step alone is passed on
  int index = 0;                       ///< of an LSTM: its place in the stack, for PyTorch's names
  double gain = 2;                     ///< of its weights' initial spread: see ParamTensor
  std::string part_of = {};            ///< layer it counts as; its own name where empty
  std::vector<std::string> from = {};  ///< layers it reads; empty: the one before it
  std::vector<int> inputs = {};        ///< the same by index, -1 the network's input: make_network

  /// Whether it has a weight matrix or filter.
  bool weighted() const {
    return kind == Kind::conv || kind == Kind::conv_transpose || kind == Kind::linear ||
           kind == Kind::lstm;
  }
};

Layer conv(std::string name, int out_channels, int kernel, int padding, int stride = 1,
           bool bias = true);
/// Up-samples by `kernel`, which is also the stride.
Layer conv_transpose(std::string name, int out_channels, int kernel);
/// Counts as part of the convolution it normalises.
Layer batch_norm(std::string name, std::string part_of);
Layer relu();
/// `stride` 0: as wide as the window.
Layer max_pool(int kernel, int stride = 0, int padding = 0);
Layer global_avg_pool();
/// Element by element, of two layers of one shape.
Layer add(std::string a, std::string b);
/// Along the channels.
Layer concat(std::string a, std::string b);
Layer linear(std::string name, int out_features, bool bias = true);
/// Layer `index` of the stack `name`, over an input [T, F, 1].
Layer lstm(std::string name, int index, int hidden, bool last_only);

/// The same layer under a name that others can read.
Layer named(Layer layer, std::string name);
/// The same layer reading another than the one before it.
Layer reading(Layer layer, std::string from);

}  // namespace mapnet
