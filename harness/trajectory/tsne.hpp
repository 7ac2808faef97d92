#pragma once

#include <cstdint>

#include "algebra/square_matrix.hpp"

/// t-SNE (van der Maaten and Hinton 2008) of some hundred points, exact: every pair in every step.
/// The same points and seed have the same picture.
namespace mapnet {

struct Point {
  double x = 0, y = 0;
};

struct TsneOptions {
  double perplexity = 30;  ///< neighbours that count, more or less; of n points at most (n - 1) / 3
  int iterations = 1000;
  std::uint64_t seed = 1;  ///< of where the points begin
};

struct Tsne {
  std::vector<Point> points;
  double perplexity = 0;  ///< that was used
  double divergence = 0;  ///< Kullback-Leibler, of the picture from the points
};

Tsne tsne(const SquareMatrix& squared_distances, const TsneOptions& options = {});

/// p(j | i) for all j: Gaussians around point i, as wide as the perplexity asks for. Its entropy is
/// log(perplexity); of points all equally far each is as likely.
std::vector<double> neighbour_probabilities(std::span<const double> squared_distances,
                                            std::size_t i, double perplexity);

/// (p(j | i) + p(i | j)) / 2n: together 1.
SquareMatrix joint_probabilities(const SquareMatrix& squared_distances, double perplexity);

/// Kullback-Leibler divergence of a picture of the points.
double divergence(const SquareMatrix& joint, const std::vector<Point>& points);

/// Its gradient [n], with `emphasis` times the attraction of neighbours: sets.
void divergence_gradient(const SquareMatrix& joint, const std::vector<Point>& points,
                         double emphasis, std::vector<Point>& gradient);

}  // namespace mapnet
