#include "harness/trajectory/trajectory.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "common/error.hpp"
#include "harness/trajectory/principal_components.hpp"
#include "harness/trajectory/shape.hpp"
#include "harness/trajectory/tsne.hpp"
#include "train/model.hpp"
#include "train/snapshots.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

constexpr std::size_t kShares = 10;  // components that the report tells the shares of

/// Columns whose products are summed up before the next are: of all snapshots they stay in a cache.
constexpr std::size_t kColumns = 512;

/// Adds x_i . x_j of the rows [n, width].
void add_products(const std::vector<float>& rows, std::size_t width, SquareMatrix& gram) {
  for (std::size_t begin = 0; begin < width; begin += kColumns) {
    const std::size_t end = std::min(begin + kColumns, width);
    for (std::size_t i = 0; i < gram.n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        const float *x = &rows[i * width], *y = &rows[j * width];
        double sum = 0;
        for (std::size_t k = begin; k < end; ++k)
          sum += static_cast<double>(x[k]) * static_cast<double>(y[k]);
        gram(i, j) += sum;
        if (i != j) gram(j, i) += sum;
      }
  }
}

LayerTrajectory sum_of(const std::vector<LayerTrajectory>& layers) {
  const std::size_t n = layers.front().gram.n;
  LayerTrajectory sum{"network", 0, SquareMatrix(n)};
  for (const LayerTrajectory& layer : layers) {
    sum.parameters += layer.parameters;
    for (std::size_t i = 0; i < n * n; ++i) sum.gram.values[i] += layer.gram.values[i];
  }
  return sum;
}

/// Every layer at every snapshot as a point of the space that all parameters span: where a layer
/// is, the others' coordinates are 0. Each layer is measured in its own mean length, or the largest
/// would be all that is seen.
SquareMatrix points_of_all_layers(const std::vector<LayerTrajectory>& layers) {
  const std::size_t n = layers.front().gram.n;
  SquareMatrix gram(layers.size() * n);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    double length = 0;
    for (std::size_t i = 0; i < n; ++i) length += layers[l].gram(i, i) / static_cast<double>(n);
    for (std::size_t i = 0; length > 0 && i < n; ++i)
      for (std::size_t j = 0; j < n; ++j)
        gram(l * n + i, l * n + j) = layers[l].gram(i, j) / length;
  }
  return gram;
}

/// Five digits: more than a picture shows.
double rounded(double value) { return std::stod(fmt::format("{:.5g}", value)); }

json rounded_all(const std::vector<double>& values, std::size_t first, std::size_t count) {
  json list = json::array();
  for (std::size_t i = first; i < std::min(first + count, values.size()); ++i)
    list.push_back(rounded(values[i]));
  return list;
}

json shape_json(const SquareMatrix& gram) {
  const TrajectoryShape shape = shape_of(gram);
  return {{"shares", rounded_all(shape.shares, 0, kShares)},
          {"components_99", shape.components_99},
          {"straightness", rounded(shape.straightness)},
          {"local_linearity", rounded(shape.local_linearity)}};
}

json layer_json(const LayerTrajectory& trajectory) {
  json layer = shape_json(trajectory.gram);
  layer["layer"] = trajectory.layer;
  layer["parameters"] = trajectory.parameters;
  return layer;
}

void add_coordinates(json& layer, const SquareMatrix& gram) {
  const PrincipalComponents components = principal_components(gram, 2);
  layer["x"] = rounded_all(components.coordinates[0], 0, gram.n);
  layer["y"] = rounded_all(components.coordinates[1], 0, gram.n);
}

/// Coordinates of all layers' points, a layer each.
json by_layer(const Trajectory& t, const std::vector<double>& x, const std::vector<double>& y) {
  const std::size_t n = t.steps.size();
  json layers = json::array();
  for (std::size_t l = 0; l < t.layers.size(); ++l)
    layers.push_back({{"layer", t.layers[l].layer},
                      {"x", rounded_all(x, l * n, n)},
                      {"y", rounded_all(y, l * n, n)}});
  return layers;
}

}  // namespace

Trajectory read_trajectory(const RunFolder& folder) {
  const std::vector<Snapshot> snapshots = find_snapshots(folder);
  const std::size_t n = snapshots.size();
  if (n < 2) fail("{}: one snapshot is no trajectory", folder.snapshots().string());
  const Network net = open_model(folder.path).net;
  Trajectory t;
  for (const Snapshot& s : snapshots) t.steps.push_back(s.step);
  std::vector<float> rows;
  for (const ParamTensor& p : net.params) {
    if (t.layers.empty() || t.layers.back().layer != p.layer)
      t.layers.push_back({p.layer, 0, SquareMatrix(n)});
    t.layers.back().parameters += p.size;
    rows.resize(n * p.size);
    for (std::size_t i = 0; i < n; ++i)
      read_snapshot(snapshots[i], p, std::span(rows).subspan(i * p.size, p.size));
    add_products(rows, p.size, t.layers.back().gram);
  }
  return t;
}

json trajectory_numbers(const Trajectory& t, const TrajectoryOptions& options) {
  json result = {{"snapshot_every", options.snapshot_every},
                 {"network", layer_json(sum_of(t.layers))},
                 {"random_walk", shape_json(random_walk_gram(t.steps.size()))}};
  for (const LayerTrajectory& layer : t.layers) result["layers"].push_back(layer_json(layer));
  return result;
}

json trajectory_json(const Trajectory& t, const TrajectoryOptions& options) {
  json result = trajectory_numbers(t, options);
  result["steps"] = t.steps;
  for (std::size_t l = 0; l < t.layers.size(); ++l)
    add_coordinates(result["layers"][l], t.layers[l].gram);

  const SquareMatrix all = points_of_all_layers(t.layers);
  const PrincipalComponents pca = principal_components(all, 2);
  result["pca"] = {{"shares", rounded_all(pca.shares, 0, kShares)},
                   {"layers", by_layer(t, pca.coordinates[0], pca.coordinates[1])}};
  const Tsne map =
      tsne(squared_distances(all), {.perplexity = options.perplexity, .seed = options.seed});
  std::vector<double> x, y;
  for (const Point& p : map.points) {
    x.push_back(p.x);
    y.push_back(p.y);
  }
  result["tsne"] = {{"perplexity", map.perplexity},
                    {"seed", options.seed},
                    {"divergence", rounded(map.divergence)},
                    {"layers", by_layer(t, x, y)}};
  return result;
}

}  // namespace mapnet
