#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/task.hpp"
#include "nets/layer.hpp"

namespace mapnet {

/// One tensor of theta: row-major, at `offset` floats from its start.
struct ParamTensor {
  /// What it is to its layer, and so how it begins.
  enum class Role { weight, bias, norm_gamma, norm_beta };

  std::string name;        ///< "conv1.weight"
  std::string layer;       ///< "conv1"; what layer-wise training gives a z of its own
  std::vector<int> shape;  ///< [O, I, K, K], [O, I] or [O]
  std::size_t offset = 0, size = 0;
  int fan_in = 0;   ///< inputs of one output value, also for the bias beside a weight
  double gain = 2;  ///< weights start with variance gain / fan_in: 2 is He's, 1 keeps the spread
  Role role = Role::weight;

  bool is_weight() const { return role == Role::weight; }
  /// What a file's value has more than theta's: theta holds a normalisation's gamma less 1, so that
  /// zero is neutral for whatever generates, decays or prunes it.
  float center() const { return role == Role::norm_gamma ? 1.0f : 0.0f; }
};

/// One tensor that training measures and evaluation uses: running statistics of a normalisation.
struct StateTensor {
  std::string name;  ///< "bn1.running_mean"
  std::size_t offset = 0, size = 0;
  float initial = 0;
};

/// A target network: what theta means. Parameters are laid out in layer order, as PyTorch lists
/// them.
struct Network {
  std::string name;
  Task task = Task::classify;
  /// Of an input: an image [C, H, W], or a window of T steps of F features as [T, F, 1].
  int channels = 0, height = 0, width = 0;
  int classes = 0;  ///< or values to forecast
  std::vector<Layer> layers;
  std::vector<ParamTensor> params;
  std::vector<StateTensor> state;

  std::size_t param_count() const;  ///< P
  std::size_t state_count() const;  ///< floats of the running statistics; not trained
  const ParamTensor& param(const std::string& name) const;  ///< Error where there is none
  const StateTensor& state_tensor(const std::string& name) const;
};

/// What a network is built for.
struct NetworkInput {
  int channels = 0, height = 0, width = 0, classes = 0;
};

/// Fills in the parameter table and the layers' inputs. Throws Error when shapes do not fit
/// together or a layer reads what there is not.
Network make_network(std::string name, Task task, const NetworkInput& input,
                     std::vector<Layer> layers);

/// The networks known by name. Unknown: UsageError listing them.
Network build_network(std::string_view name, const NetworkInput& input);
std::vector<std::string> network_names();

/// What a network known by name is for. Unknown: UsageError.
Task network_task(std::string_view name);

}  // namespace mapnet
