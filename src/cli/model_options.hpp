#pragma once

#include <string>

#include "data/dataset.hpp"
#include "train/model.hpp"

namespace CLI {
class App;
}

/// What the commands that take a finished run have in common.
namespace mapnet {

/// Which model, and where it is to run.
struct ModelOptions {
  std::string run, pretrained;
  DeviceChoice on;

  /// Throws UsageError for a number of threads that is none, and else as open_model does.
  Model open() const;
};

/// Which data set it is run on.
struct ModelDataOptions {
  std::string data, data_dir, features_weights, features_cache;

  /// The data set's name: the one given, or the one the model was trained on.
  std::string name(const Model& model) const;
};

void add_model_options(CLI::App& command, ModelOptions& o);
void add_data_options(CLI::App& command, ModelDataOptions& o);

/// Opened as in training, but where it lies now: where --data-dir says, else, of the data set that
/// the model was trained on, in the folder that its run was given, as far as that is still there.
/// Throws Error where that is empty by now, and UsageError where what is found without --data-dir
/// has not as many samples as that.
Dataset open_data(const ModelDataOptions& o, const Model& model, const ModelOptions& of);

}  // namespace mapnet
