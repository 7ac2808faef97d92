#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

/// One layer of a network's description. `name` is set for layers with parameters, as torchvision
/// names them.
struct Layer {
  enum class Kind { conv, relu, max_pool, linear };
  Kind kind;
  std::string name = {};
  int out = 0;     ///< channels or features
  int kernel = 0;  ///< of a convolution or a pooling window (whose stride it also is)
  int padding = 0;
  bool bias = true;          ///< of a linear layer; convolutions have one
  double gain = 2;           ///< of its weights' initial spread: see ParamTensor
  std::string part_of = {};  ///< layer it counts as; its own name where empty
};

Layer conv(std::string name, int out_channels, int kernel, int padding);
Layer relu();
Layer max_pool(int kernel);
Layer linear(std::string name, int out_features, bool bias = true);

/// One tensor of theta: row-major, at `offset` floats from its start.
struct ParamTensor {
  std::string name;        ///< "conv1.weight"
  std::string layer;       ///< "conv1"; what layer-wise training gives a z of its own
  std::vector<int> shape;  ///< [O, I, K, K], [O, I] or [O]
  std::size_t offset = 0, size = 0;
  int fan_in = 0;   ///< inputs of one output value, also for the bias beside a weight
  double gain = 2;  ///< weights start with variance gain / fan_in: 2 is He's, 1 keeps the spread
  bool is_bias = false;
};

/// A target network: what theta means. Parameters are laid out in layer order, weight before bias.
struct Network {
  std::string name;
  int channels = 0, height = 0, width = 0;  ///< of an input image
  int classes = 0;
  std::vector<Layer> layers;
  std::vector<ParamTensor> params;

  std::size_t param_count() const;  ///< P
};

/// Fills in the parameter table from the layers. Throws Error when shapes do not fit together.
Network make_network(std::string name, int channels, int height, int width, int classes,
                     std::vector<Layer> layers);

/// The networks known by name, for an input [channels, height, width]. Unknown: UsageError listing
/// them.
Network build_network(std::string_view name, int channels, int height, int width, int classes);
std::vector<std::string> network_names();

}  // namespace mapnet
