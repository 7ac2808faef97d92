#include "device/cuda/blas.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/error.hpp"
#include "device/cuda/check.hpp"
#include "device/host_device.hpp"
#include "library.hpp"

/// Dense algebra in plain loops, sums in double but for the Gram matrix's: the contract of blas.hpp
/// to the letter, and NaN wherever it leaves open what is written.
namespace mapnet::cuda {

struct Blas::Handles {
  cudaStream_t stream = nullptr;
};

Blas::Blas(cudaStream_t stream) : handles_(std::make_unique<Handles>(Handles{stream})) {}
Blas::~Blas() = default;

namespace {

constexpr std::size_t kWorkspaceAlignment = 256;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

std::size_t area(int rows, int columns) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns);
}

MAPNET_CPU_LEVELS void add_scaled(double* to, const double* from, double factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}
MAPNET_CPU_LEVELS void add_scaled(float* to, const float* from, float factor, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) to[i] += factor * from[i];
}

/// A [rows, columns] with its factors rounded; `transposed` says it is stored [columns, rows].
std::vector<double> factors(const float* a, int rows, int columns, bool transposed, int bits) {
  const auto r = static_cast<std::size_t>(rows), c = static_cast<std::size_t>(columns);
  std::vector<double> values(r * c);
  for (std::size_t i = 0; i < r; ++i)
    for (std::size_t j = 0; j < c; ++j)
      values[i * c + j] = factor(transposed ? a[j * r + i] : a[i * c + j], bits);
  return values;
}

void multiply(const ProductDesc& d, int bits, const float* a, const float* b, const float* bias,
              float* c) {
  const std::vector<double> left = factors(a, d.m, d.k, d.transpose_a, bits);
  const std::vector<double> right = factors(b, d.k, d.n, d.transpose_b, bits);
  const auto n = static_cast<std::size_t>(d.n), k = static_cast<std::size_t>(d.k);
  std::vector<double> row(n);
  for (std::size_t i = 0; i < static_cast<std::size_t>(d.m); ++i) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::size_t l = 0; l < k; ++l)
      add_scaled(row.data(), right.data() + l * n, left[i * k + l], n);
    for (std::size_t j = 0; j < n; ++j) {
      float value = static_cast<float>(row[j]);
      if (d.bias) value += bias[j];
      if (d.relu && value < 0) value = 0;
      c[i * n + j] = value;
    }
  }
}

class LoopProduct : public Product {
 public:
  LoopProduct(std::shared_ptr<Blas> blas, const ProductDesc& d, FastMath fast_math)
      : blas_(std::move(blas)), desc_(d), bits_(product_bits(fast_math)) {}

  std::size_t workspace_bytes() const override {
    return 1000 + static_cast<std::size_t>(7 * desc_.m + 3 * desc_.n + desc_.k) % 997;
  }

  void run(const float* a, const float* b, const float* bias, float* c,
           void* workspace) const override {
    const auto work = [=, d = desc_, bits = bits_, workspace_size = workspace_bytes()] {
      const auto alignment = [](int bytes) { return static_cast<std::size_t>(bytes); };
      std::vector<Operand> operands = {
          {a, area(d.m, d.k) * sizeof(float), alignment(d.align_a), "A"},
          {b, area(d.k, d.n) * sizeof(float), alignment(d.align_b), "B"},
          {c, area(d.m, d.n) * sizeof(float), alignment(d.align_c), "C", true},
          {workspace, workspace_size, kWorkspaceAlignment, "the workspace", true}};
      if (d.bias)
        operands.push_back({bias, area(d.n, 1) * sizeof(float), alignment(d.align_bias), "bias"});
      check_operands(operands);
      spoil(workspace, workspace_size);
      spoil(c, area(d.m, d.n) * sizeof(float));
      multiply(d, bits, a, b, bias, c);
    };
    MAPNET_CUDA(emulation::enqueue(blas_->handles().stream, work, "product"));
  }

 private:
  std::shared_ptr<Blas> blas_;
  ProductDesc desc_;
  int bits_;
};

}  // namespace

std::shared_ptr<const Product> plan_product(const std::shared_ptr<Blas>& blas,
                                            const ProductDesc& desc, FastMath fast_math) {
  if (std::min({desc.m, desc.n, desc.k}) < 1)
    fail("there is no product [{}, {}] = [{}, {}] [{}, {}]", desc.m, desc.n, desc.m, desc.k, desc.k,
         desc.n);
  return std::make_shared<LoopProduct>(blas, desc, fast_math);
}

namespace {

std::size_t workspace_for(int d) { return 1000 + 12 * static_cast<std::size_t>(d); }
std::size_t solve_workspace_for(int d) { return 500 + 4 * static_cast<std::size_t>(d); }

Operand matrix(const float* a, int rows, int columns, const char* name, bool written) {
  return {a, area(rows, columns) * sizeof(float), sizeof(float), name, written};
}

/// Queues `work` behind the check of its operands; it finds the workspace spoiled.
template <class Work>
void enqueue(const Blas& blas, const char* name, std::vector<Operand> operands, void* workspace,
             std::size_t bytes, const Work& work) {
  operands.push_back({workspace, bytes, kWorkspaceAlignment, "the workspace", true});
  MAPNET_CUDA(emulation::enqueue(
      blas.handles().stream,
      [=, operands = std::move(operands)] {
        check_operands(operands);
        spoil(workspace, bytes);
        work();
      },
      name));
}

/// Writes the upper triangle of [d, d] and NaN below.
void store_upper(float* to, const std::vector<double>& from, std::size_t d) {
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = 0; j < d; ++j)
      to[i * d + j] = j < i ? kNaN : static_cast<float>(from[i * d + j]);
}

/// The upper triangle of [d, d], 0 below.
std::vector<double> load_upper(const float* from, std::size_t d) {
  std::vector<double> values(d * d);
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t j = i; j < d; ++j) values[i * d + j] = static_cast<double>(from[i * d + j]);
  return values;
}

/// 0, or the order of the leading minor that is not positive definite.
int factorise(std::vector<double>& a, std::size_t d) {
  for (std::size_t i = 0; i < d; ++i) {
    double* const row = a.data() + i * d;
    if (!(row[i] > 0)) return static_cast<int>(i) + 1;
    const double scale = 1 / std::sqrt(row[i]);
    for (std::size_t j = i; j < d; ++j) row[j] *= scale;
    for (std::size_t l = i + 1; l < d; ++l)
      add_scaled(a.data() + l * d + l, row + l, -row[l], d - l);
  }
  return 0;
}

}  // namespace

std::size_t algebra_workspace_bytes(const Blas&, int d) { return workspace_for(d); }
std::size_t solve_workspace_bytes(const Blas&, int d) { return solve_workspace_for(d); }

/// In float32, one row after the other: cuBLAS's own sums, some at a time, are no worse.
void add_gram(const Blas& blas, float* gram, const float* a, int rows, int d, void* workspace) {
  enqueue(blas, "Gram matrix", {matrix(gram, d, d, "gram", true), matrix(a, rows, d, "A", false)},
          workspace, workspace_for(d), [=] {
            const auto n = static_cast<std::size_t>(d);
            std::vector<float> sum(n * n);
            for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
              const float* const row = a + i * n;
              for (std::size_t j = 0; j < n; ++j)
                add_scaled(sum.data() + j * n + j, row + j, row[j], n - j);
            }
            std::vector<double> all = load_upper(gram, n);
            for (std::size_t j = 0; j < n * n; ++j) all[j] += static_cast<double>(sum[j]);
            store_upper(gram, all, n);
          });
}

void cholesky(const Blas& blas, float* gram, int d, int* status, void* workspace) {
  enqueue(
      blas, "Cholesky",
      {matrix(gram, d, d, "gram", true), {status, sizeof(int), sizeof(int), "the status", true}},
      workspace, workspace_for(d), [=] {
        const auto n = static_cast<std::size_t>(d);
        std::vector<double> values = load_upper(gram, n);
        *status = factorise(values, n);
        if (*status != 0) std::fill(values.begin(), values.end(), static_cast<double>(kNaN));
        store_upper(gram, values, n);
      });
}

void divide_by_upper(const Blas& blas, float* a, const float* r, int rows, int d, void* workspace) {
  enqueue(blas, "triangular solve", {matrix(a, rows, d, "A", true), matrix(r, d, d, "R", false)},
          workspace, workspace_for(d), [=] {
            const auto n = static_cast<std::size_t>(d);
            const std::vector<double> upper = load_upper(r, n);
            std::vector<double> row(n);
            for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
              for (std::size_t j = 0; j < n; ++j) row[j] = static_cast<double>(a[i * n + j]);
              for (std::size_t j = 0; j < n; ++j) {
                row[j] /= upper[j * n + j];
                add_scaled(row.data() + j + 1, upper.data() + j * n + j + 1, -row[j], n - j - 1);
              }
              for (std::size_t j = 0; j < n; ++j) a[i * n + j] = static_cast<float>(row[j]);
            }
          });
}

void solve_upper(const Blas& blas, const float* r, float* x, int d, bool transposed,
                 void* workspace) {
  enqueue(blas, "triangular solve", {matrix(r, d, d, "R", false), matrix(x, 1, d, "x", true)},
          workspace, solve_workspace_for(d), [=] {
            const auto n = static_cast<std::size_t>(d);
            const std::vector<double> upper = load_upper(r, n);
            std::vector<double> y(x, x + n);
            for (std::size_t i = 0; i < n; ++i) {
              // Row i of R^-T from the front, of R^-1 from the back.
              const std::size_t at = transposed ? i : n - 1 - i;
              y[at] /= upper[at * n + at];
              if (transposed)
                add_scaled(y.data() + at + 1, upper.data() + at * n + at + 1, -y[at], n - at - 1);
              else
                for (std::size_t k = 0; k < at; ++k) y[k] -= upper[k * n + at] * y[at];
            }
            for (std::size_t k = 0; k < n; ++k) x[k] = static_cast<float>(y[k]);
          });
}

void multiply_upper(const Blas& blas, float* r2, const float* r1, int d, void* workspace) {
  enqueue(blas, "triangular product", {matrix(r2, d, d, "R2", true), matrix(r1, d, d, "R1", false)},
          workspace, workspace_for(d), [=] {
            const auto n = static_cast<std::size_t>(d);
            const std::vector<double> left = load_upper(r2, n), right = load_upper(r1, n);
            std::vector<double> result(n * n);
            for (std::size_t i = 0; i < n; ++i)
              for (std::size_t l = i; l < n; ++l)
                add_scaled(result.data() + i * n + l, right.data() + l * n + l, left[i * n + l],
                           n - l);
            store_upper(r2, result, n);
          });
}

}  // namespace mapnet::cuda
