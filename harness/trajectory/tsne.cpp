#include "harness/trajectory/tsne.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace mapnet {

namespace {

// As van der Maaten's own program has it: neighbours emphasised and little momentum at first.
constexpr int kFirstSteps = 250;
constexpr double kEmphasis = 12, kFirstMomentum = 0.5, kMomentum = 0.8;
constexpr double kLeastGain = 0.01;

/// Widths are searched for by halving; this many leave nothing of a double's precision.
constexpr int kHalvings = 200;

struct Gaussian {
  std::vector<double> probabilities;
  double entropy = 0;
};

/// p(j) ~ exp(-beta d_j) of all but i.
Gaussian gaussian(std::span<const double> d, std::size_t i, double nearest, double beta) {
  Gaussian g{std::vector<double>(d.size()), 0};
  double sum = 0, weighted = 0;
  for (std::size_t j = 0; j < d.size(); ++j) {
    if (j == i) continue;
    const double far = d[j] - nearest;  // so that the nearest is 1, and the sum not 0
    const double p = std::exp(-beta * far);
    g.probabilities[j] = p;
    sum += p;
    weighted += p * far;
  }
  for (double& p : g.probabilities) p /= sum;
  g.entropy = std::log(sum) + beta * weighted / sum;
  return g;
}

/// One coordinate's way down.
struct Descent {
  double velocity = 0, gain = 1;

  double step(double gradient, double rate, double momentum) {
    const bool onward = (gradient > 0) != (velocity > 0);  // against the gradient, as before
    gain = std::max(kLeastGain, onward ? gain + 0.2 : gain * 0.8);
    velocity = momentum * velocity - rate * gain * gradient;
    return velocity;
  }
};

std::vector<Point> beginning(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto next =
      [&] {  // within 1e-4 of 0: the standard's distributions are not the same everywhere
        return 1e-4 * (2 * static_cast<double>(random() >> 11) * 0x1p-53 - 1);
      };
  std::vector<Point> points(n);
  for (Point& p : points) {
    p.x = next();
    p.y = next();
  }
  return points;
}

/// How near the points of a picture are to each other: Student's t of one degree of freedom.
struct Nearness {
  explicit Nearness(const std::vector<Point>& points) : values(points.size()) {
    for (std::size_t i = 0; i < points.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) {
        const double x = points[i].x - points[j].x, y = points[i].y - points[j].y;
        values(i, j) = values(j, i) = 1 / (1 + x * x + y * y);
        sum += 2 * values(i, j);
      }
  }
  double of(std::size_t i, std::size_t j) const { return values(i, j); }

  SquareMatrix values;
  double sum = 0;
};

void centre(std::vector<Point>& points) {
  Point mean;
  for (const Point& p : points) {
    mean.x += p.x / static_cast<double>(points.size());
    mean.y += p.y / static_cast<double>(points.size());
  }
  for (Point& p : points) {
    p.x -= mean.x;
    p.y -= mean.y;
  }
}

}  // namespace

std::vector<double> neighbour_probabilities(std::span<const double> d, std::size_t i,
                                            double perplexity) {
  double nearest = std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t j = 0; j < d.size(); ++j) {
    if (j == i) continue;
    nearest = std::min(nearest, d[j]);
    sum += d[j];
  }
  const double mean = sum / static_cast<double>(d.size() - 1) - nearest;
  const double goal = std::log(perplexity);
  double low = 0, high = std::numeric_limits<double>::infinity(), beta = mean > 0 ? 1 / mean : 1;
  Gaussian g = gaussian(d, i, nearest, beta);
  for (int halving = 0; halving < kHalvings && std::abs(g.entropy - goal) > 1e-12; ++halving) {
    if (g.entropy > goal) {  // too wide
      low = beta;
      beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
    } else {
      high = beta;
      beta = (low + high) / 2;
    }
    if (std::isinf(beta)) break;  // equally far: no width makes a difference
    g = gaussian(d, i, nearest, beta);
  }
  return g.probabilities;
}

SquareMatrix joint_probabilities(const SquareMatrix& squared_distances, double perplexity) {
  const std::size_t n = squared_distances.n;
  SquareMatrix joint(n);
  for (std::size_t i = 0; i < n; ++i) {
    const std::vector<double> p = neighbour_probabilities(squared_distances.row(i), i, perplexity);
    for (std::size_t j = 0; j < n; ++j) {
      joint(i, j) += p[j] / (2 * static_cast<double>(n));
      joint(j, i) += p[j] / (2 * static_cast<double>(n));
    }
  }
  return joint;
}

double divergence(const SquareMatrix& joint, const std::vector<Point>& points) {
  const Nearness near(points);
  double total = 0;
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < points.size(); ++j)
      if (i != j && joint(i, j) > 0)
        total += joint(i, j) * std::log(joint(i, j) * near.sum / near.of(i, j));
  return total;
}

void divergence_gradient(const SquareMatrix& joint, const std::vector<Point>& points,
                         double emphasis, std::vector<Point>& gradient) {
  const Nearness near(points);
  gradient.assign(points.size(), {});
  for (std::size_t i = 0; i < points.size(); ++i)
    for (std::size_t j = 0; j < points.size(); ++j) {
      const double pull = 4 * (emphasis * joint(i, j) - near.of(i, j) / near.sum) * near.of(i, j);
      gradient[i].x += pull * (points[i].x - points[j].x);
      gradient[i].y += pull * (points[i].y - points[j].y);
    }
}

Tsne tsne(const SquareMatrix& squared_distances, const TsneOptions& options) {
  const std::size_t n = squared_distances.n;
  Tsne result;
  result.points = beginning(n, options.seed);
  result.perplexity = std::min(options.perplexity, (static_cast<double>(n) - 1) / 3);
  if (result.perplexity < 1) return result;  // three points or less: nothing to arrange
  const SquareMatrix joint = joint_probabilities(squared_distances, result.perplexity);
  const double rate = std::max(static_cast<double>(n) / kEmphasis / 4, 50.0);
  std::vector<Descent> x(n), y(n);
  std::vector<Point> gradient;
  for (int iteration = 0; iteration < options.iterations; ++iteration) {
    const bool first = iteration < kFirstSteps;
    divergence_gradient(joint, result.points, first ? kEmphasis : 1, gradient);
    const double momentum = first ? kFirstMomentum : kMomentum;
    for (std::size_t i = 0; i < n; ++i) {
      result.points[i].x += x[i].step(gradient[i].x, rate, momentum);
      result.points[i].y += y[i].step(gradient[i].y, rate, momentum);
    }
    centre(result.points);
  }
  result.divergence = divergence(joint, result.points);
  return result;
}

}  // namespace mapnet
