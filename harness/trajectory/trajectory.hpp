#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "algebra/square_matrix.hpp"
#include "harness/trajectory/options.hpp"
#include "train/run_folder.hpp"

/// The way that a network's weights go through training, from a run's snapshots: figure 2 of the
/// paper.
namespace mapnet {

struct LayerTrajectory {
  std::string layer;
  std::size_t parameters = 0;
  SquareMatrix gram;  ///< products of its weights at any two snapshots
};

struct Trajectory {
  std::vector<std::int64_t> steps;  ///< of the snapshots
  std::vector<LayerTrajectory> layers;
};

/// Of a finished run. One tensor at a time is in memory, at all snapshots. Throws Error where there
/// are less than two.
Trajectory read_trajectory(const RunFolder& folder);

/// What it comes to, as docs/harness.md describes it: of each layer, and of all as one, shares of
/// variance, straightness and coordinates; the layers in one space by PCA and t-SNE.
nlohmann::json trajectory_json(const Trajectory& trajectory, const TrajectoryOptions& options);

/// The same without coordinates and what they need.
nlohmann::json trajectory_numbers(const Trajectory& trajectory, const TrajectoryOptions& options);

}  // namespace mapnet
