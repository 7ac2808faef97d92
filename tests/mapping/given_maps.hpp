#pragma once

#include <algorithm>
#include <cmath>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/map.hpp"
#include "reference/kronecker.hpp"

/// Maps whose owner, here the test, writes what they store: dense and Kronecker ones.
namespace mapnet::test {

inline double norm(reference::View x) { return std::sqrt(reference::dot(x, x)); }

/// [rows, n], n at most rows, made orthonormal by Gram-Schmidt, then rounded to floats.
inline Vector orthonormal_columns(std::size_t rows, std::size_t n, std::uint64_t seed) {
  std::vector<Vector> columns;
  for (std::size_t k = 0; k < n; ++k) {
    Vector x = reference::uniform(rows, seed + k);
    for (int again = 0; again < 2; ++again)
      for (const Vector& y : columns) {
        const double along = reference::dot(x, y);
        for (std::size_t r = 0; r < rows; ++r) x[r] -= along * y[r];
      }
    const double length = norm(x);
    for (double& v : x) v /= length;
    columns.push_back(std::move(x));
  }
  Vector W(rows * n);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t k = 0; k < n; ++k)
      W[r * n + k] = static_cast<double>(static_cast<float>(columns[k][r]));
  return W;
}

struct GivenMap {
  MapDesc desc;
  std::vector<Vector> W = {};          ///< of each block [rows, d]
  std::vector<Vector> U = {}, V = {};  ///< of each matrix [rows, left], [cols, right]
};

/// When the rows of a streamed map are written: before the steps that read them are bound, or
/// after.
enum class Written { early, late };

inline std::vector<float> floats_of(const Vector& x) { return {x.begin(), x.end()}; }

/// W [rows, ld], zeros beyond d.
inline std::vector<float> padded_rows(const Vector& W, std::size_t rows) {
  const std::size_t d = W.size() / rows, ld = dense_row_length(d);
  std::vector<float> padded(rows * ld);
  for (std::size_t i = 0; i < W.size(); ++i) padded[i / d * ld + i % d] = static_cast<float>(W[i]);
  return padded;
}

/// In two pieces.
inline void write_streamed(const GivenMap& map, const MapState& state) {
  for (std::size_t i = 0; i < state.streamed.size(); ++i) {
    const std::vector<float> rows = padded_rows(map.W[i], map.desc.blocks[i].rows);
    const auto bytes = std::as_bytes(std::span(rows));
    const std::size_t half = bytes.size() / 3;
    state.streamed[i]->write(half, bytes.subspan(half));
    state.streamed[i]->write(0, bytes.first(half));
  }
}

inline void write_buffers(const GivenMap& map, const MapState& state, const Program& on) {
  for (std::size_t i = 0; i < state.dense.size(); ++i)
    on.write<float>(state.dense[i], padded_rows(map.W[i], map.desc.blocks[i].rows));
  for (std::size_t i = 0; i < state.left.size(); ++i) {
    on.write<float>(state.left[i], floats_of(map.U[i]));
    on.write<float>(state.right[i], floats_of(map.V[i]));
  }
}

struct GivenRun {
  Vector theta, dz;
  Vector base;  ///< [P], where there is one
};

/// One pass forward and one backward, three times over: a GPU walks the steps, records them and
/// launches the record.
inline GivenRun run_given(const GivenMap& map, const Vector& z, const Vector& dtheta,
                          std::shared_ptr<Device> device = test_device(2),
                          Written written = Written::late) {
  OpHarness h(std::move(device));
  const BufferId zb = h.input(z), dt = h.input(dtheta);
  const BufferId theta = h.output(dtheta.size()), dz = h.output(z.size());
  h.schedule.begin(Phase::setup);
  MapState state = map_setup(h.schedule, map.desc);
  h.schedule.begin(Phase::train);
  map_forward(h.schedule, map.desc, state, zb, theta, true);
  map_backward(h.schedule, map.desc, state, zb, dt, dz);
  if (written == Written::early) write_streamed(map, state);
  h.before_run([&](const Program& on) {
    write_buffers(map, state, on);
    if (written == Written::late) write_streamed(map, state);
  });
  h.run();
  GivenRun run{h.read(theta, dtheta.size()), h.read(dz, z.size()), {}};
  if (state.base != kNoBuffer) run.base = h.read(state.base, dtheta.size());
  for (int again = 0; again < 2; ++again) {
    h.program->run(Phase::train);
    BOOST_TEST((h.read(theta, dtheta.size()) == run.theta));
    BOOST_TEST((h.read(dz, z.size()) == run.dz));
  }
  return run;
}

/// Two blocks, neither a whole number of vectors, tiles or chunks.
inline GivenMap given_dense_map(MapStorage storage) {
  GivenMap map;
  MapDesc& desc = map.desc;
  desc.kind = MapKind::dense;
  desc.storage = storage;
  desc.given = true;
  desc.activation = Activation::sine;
  desc.omega = 2;
  desc.blocks = {{"all", 0, 333, 0, 50}, {"more", 333, 101, 50, 21}};
  desc.scales = {{0, 200, 0.5f}, {200, 234, 2.0f}};
  for (const MapBlock& b : desc.blocks)
    map.W.push_back(orthonormal_columns(b.rows, b.latents, 100 + b.theta_offset));
  return map;
}

/// A matrix for a Kronecker map to generate.
struct MatrixShape {
  std::size_t rows, cols;
  bool has_bias;
  std::size_t latents, left, right;
  bool bias_first = false;  ///< in theta
};

/// Matrices one behind the other in theta, so that most begin at odd places, and each tensor at a
/// scale of its own.
inline GivenMap kronecker_map(const std::vector<MatrixShape>& shapes) {
  GivenMap map;
  MapDesc& desc = map.desc;
  desc.kind = MapKind::kronecker;
  desc.given = true;
  std::size_t at = 0, latent = 0;
  const auto add_tensor = [&](std::size_t size) {
    if (size == 0) return at;
    desc.scales.push_back({at, size, desc.scales.size() % 2 == 0 ? 0.5f : 2.0f});
    at += size;
    return at - size;
  };
  for (const MatrixShape& s : shapes) {
    KroneckerMatrix m;
    m.name = "matrix" + std::to_string(desc.matrices.size());
    m.rows = s.rows, m.cols = s.cols, m.has_bias = s.has_bias;
    m.latent_offset = latent, m.latents = s.latents;
    m.left = s.left, m.right = s.right;
    desc.blocks.push_back({m.name, at, s.rows * s.cols, latent, s.latents});
    if (s.has_bias && s.bias_first) m.bias_offset = add_tensor(s.rows);
    m.offset = add_tensor(s.rows * m.weight_cols());
    if (s.has_bias && !s.bias_first) m.bias_offset = add_tensor(s.rows);
    latent += s.latents;
    map.U.push_back(orthonormal_columns(s.rows, s.left, 200 + at));
    map.V.push_back(orthonormal_columns(s.cols, s.right, 300 + at));
    desc.matrices.push_back(m);
  }
  return map;
}

/// Whole rows of Z and a last one in part; with a bias, behind its weight or before it, and
/// without; one column; gamma and beta; weights and biases of more values than a GPU's block takes.
inline std::vector<MatrixShape> matrix_shapes() {
  return {{7, 5, false, 12, 4, 3},   {33, 18, true, 31, 5, 7},       {40, 1, false, 6, 6, 1},
          {20, 2, true, 9, 5, 2},    {33, 18, true, 31, 5, 7, true}, {70, 90, true, 50, 7, 8},
          {4500, 2, true, 20, 10, 2}};
}

/// u of the whole theta in double precision.
inline Vector reference_u(const GivenMap& map, reference::View z) {
  Vector all(map.desc.target_size());
  for (std::size_t i = 0; i < map.desc.matrices.size(); ++i) {
    const KroneckerMatrix& m = map.desc.matrices[i];
    const Vector u = reference::kronecker({m.rows, m.cols, m.left, m.right, map.U[i], map.V[i]},
                                          z.subspan(m.latent_offset, m.latents));
    const std::size_t width = m.weight_cols();
    for (std::size_t r = 0; r < m.rows; ++r) {
      for (std::size_t c = 0; c < width; ++c) all[m.offset + r * width + c] = u[r * m.cols + c];
      if (m.has_bias) all[m.bias_offset + r] = u[r * m.cols + width];
    }
  }
  return all;
}

/// What float32 may add to one matrix's values. Sums of n products err by 2^-24 of their partial
/// sums a step, at random: by sqrt(n) of these, here four times that and some more for single
/// roundings. |U| |Z| |V|^T is at most ||U_r|| ||z|| ||V_c|| (Cauchy-Schwarz), |U|^T |G| |V| at
/// most ||G||, the columns being of length 1.
struct KroneckerBounds {
  double u, dz;

  KroneckerBounds(const GivenMap& map, std::size_t index, reference::View z,
                  reference::View dtheta) {
    const KroneckerMatrix& m = map.desc.matrices[index];
    const double scale = std::sqrt(double(m.rows * m.cols) / double(m.latents));
    u = roundings(m.left + m.right) * scale * longest_row(map.U[index], m.left) *
        longest_row(map.V[index], m.right) * norm(z.subspan(m.latent_offset, m.latents));
    double g = norm(dtheta.subspan(m.offset, m.rows * m.weight_cols()));
    if (m.has_bias) g = std::hypot(g, norm(dtheta.subspan(m.bias_offset, m.rows)));
    // G = dtheta scale_j sigma'(u): the slope errs by the curvature, at most omega^2, times u's.
    const auto omega = static_cast<double>(map.desc.omega);
    g *= largest_scale(map.desc) * omega;
    dz = scale * g * (roundings(m.rows + m.cols) + omega * u);
  }

  static double largest_scale(const MapDesc& desc) {
    float most = 0;
    for (const RowScale& s : desc.scales) most = std::max(most, s.scale);
    return static_cast<double>(most);
  }

 private:
  static double roundings(std::size_t n) { return 0x1p-24 * (4 * std::sqrt(double(n)) + 8); }
  static double longest_row(const Vector& A, std::size_t columns) {
    double longest = 0;
    for (std::size_t at = 0; at < A.size(); at += columns)
      longest = std::max(longest, norm(reference::View(A).subspan(at, columns)));
    return longest;
  }
};

/// Holds `got` to `want` matrix by matrix, within `factor` times the bounds.
inline void check_kronecker(const GivenMap& map, const GivenRun& got, const Vector& theta,
                            const Vector& dz, const Vector& z, const Vector& dtheta, double factor,
                            const std::string& what) {
  const auto part = [](const Vector& of, std::size_t from, std::size_t n) {
    return Vector(of.begin() + long(from), of.begin() + long(from + n));
  };
  for (std::size_t i = 0; i < map.desc.matrices.size(); ++i) {
    const KroneckerMatrix& m = map.desc.matrices[i];
    const KroneckerBounds bounds(map, i, z, dtheta);
    const double steepest =
        KroneckerBounds::largest_scale(map.desc) * static_cast<double>(map.desc.omega);
    const std::string name = what + ", " + m.name;
    const MapBlock& b = map.desc.blocks[i];
    // Beside u's error that of activations and of what follows: a few roundings of theta.
    check_close(part(got.theta, b.theta_offset, b.rows), part(theta, b.theta_offset, b.rows),
                factor * steepest * bounds.u, factor * 0x1p-22, name + ": theta");
    check_close(part(got.dz, m.latent_offset, m.latents), part(dz, m.latent_offset, m.latents),
                factor * bounds.dz, 0, name + ": dz");
  }
}

}  // namespace mapnet::test
