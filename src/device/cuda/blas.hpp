#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>

#include "device/device.hpp"

/// Dense algebra through cuBLASLt, cuBLAS and cuSOLVER. Matrices are row-major, as everywhere here.
namespace mapnet::cuda {

/// The libraries' handles, enqueuing on one stream.
class Blas {
 public:
  explicit Blas(cudaStream_t stream);
  ~Blas();
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;

  struct Handles;  // of the libraries; only blas.cpp looks inside
  const Handles& handles() const { return *handles_; }

 private:
  std::unique_ptr<Handles> handles_;
};

/// C [m, n] = op(A) op(B), then + bias [n] on each row and ReLU where asked.
struct ProductDesc {
  int m = 0, n = 0, k = 0;
  bool transpose_a = false;  ///< A is [k, m] in memory, else [m, k]
  bool transpose_b = false;  ///< B is [n, k] in memory, else [k, n]
  bool bias = false, relu = false;
  /// Bytes each operand's address is a multiple of: a parameter may lie at any offset of theta.
  int align_a = 256, align_b = 256, align_c = 256, align_bias = 256;
};

/// A product of fixed shapes, planned: algorithm and workspace chosen. Same bits every time.
class Product {
 public:
  virtual ~Product() = default;
  virtual std::size_t workspace_bytes() const = 0;
  /// Enqueues it. bias may be null where the description has none.
  virtual void run(const float* a, const float* b, const float* bias, float* c,
                   void* workspace) const = 0;
};

/// Throws Error with the shape when cuBLASLt has no algorithm.
std::shared_ptr<const Product> plan_product(const std::shared_ptr<Blas>& blas,
                                            const ProductDesc& desc, FastMath fast_math);

// What orthonormal columns take (CholeskyQR2), float32 whatever the fast math. `workspace`:
// algebra_workspace_bytes(d) bytes for each of them, solve_workspace_bytes(d) for solve_upper.

std::size_t algebra_workspace_bytes(const Blas& blas, int d);

/// Less, since a step of a training takes it and not the setup alone.
std::size_t solve_workspace_bytes(const Blas& blas, int d);

/// Upper triangle of gram [d, d] += A^T A; A [rows, d]. Below the diagonal anything may be written.
void add_gram(const Blas& blas, float* gram, const float* a, int rows, int d, void* workspace);

/// gram [d, d], upper triangle, becomes R with R^T R = gram; *status (on the device) becomes 0, or
/// the order of the leading minor that is not positive definite.
void cholesky(const Blas& blas, float* gram, int d, int* status, void* workspace);

/// A [rows, d] = A R^-1; R upper triangular [d, d]. Nothing below its diagonal is read.
void divide_by_upper(const Blas& blas, float* a, const float* r, int rows, int d, void* workspace);

/// x [d] = R^-1 x, or R^-T x. Nothing below R's diagonal is read.
void solve_upper(const Blas& blas, const float* r, float* x, int d, bool transposed,
                 void* workspace);

/// R2 [d, d] = R2 R1, both upper triangular; nothing below their diagonals is read, and below the
/// diagonal of R2 anything may be written.
void multiply_upper(const Blas& blas, float* r2, const float* r1, int d, void* workspace);

}  // namespace mapnet::cuda
