#include "device/cuda/blas.hpp"

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cusolverDn.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "common/error.hpp"
#include "device/cuda/check.hpp"

namespace mapnet::cuda {

namespace {

// Enough for every algorithm that is worth it on the sizes here; cards have as little as 4 GB.
constexpr std::size_t kProductWorkspace = std::size_t{8} << 20;

void check(cublasStatus_t status, const char* what) {
  if (status != CUBLAS_STATUS_SUCCESS) fail("cuBLAS: {}: {}", what, cublasGetStatusString(status));
}

void check(cusolverStatus_t status, const char* what) {
  if (status != CUSOLVER_STATUS_SUCCESS)
    fail("cuSOLVER: {}: status {}", what, static_cast<int>(status));
}

}  // namespace

struct Blas::Handles {
  cudaStream_t stream = nullptr;
  cublasLtHandle_t lt = nullptr;
  cublasHandle_t blas = nullptr;
  cusolverDnHandle_t solver = nullptr;

  explicit Handles(cudaStream_t on) : stream(on) {
    check(cublasLtCreate(&lt), "cublasLtCreate");
    check(cublasCreate(&blas), "cublasCreate");
    check(cublasSetStream(blas, stream), "cublasSetStream");
    check(cublasSetMathMode(blas, CUBLAS_PEDANTIC_MATH), "cublasSetMathMode");
    check(cublasSetAtomicsMode(blas, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
    check(cusolverDnCreate(&solver), "cusolverDnCreate");
    check(cusolverDnSetStream(solver, stream), "cusolverDnSetStream");
    check(cusolverDnSetDeterministicMode(solver, CUSOLVER_DETERMINISTIC_RESULTS),
          "cusolverDnSetDeterministicMode");
  }
  ~Handles() {
    cusolverDnDestroy(solver);
    cublasDestroy(blas);
    cublasLtDestroy(lt);
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
};

Blas::Blas(cudaStream_t stream) : handles_(std::make_unique<Handles>(stream)) {}
Blas::~Blas() = default;

namespace {

/// cuBLASLt counts in columns: our row-major C [m, n] is its column-major C^T [n, m] = op(B)^T
/// op(A)^T, so that B comes first and each flag says the opposite of how a matrix lies.
class LtProduct : public Product {
 public:
  LtProduct(std::shared_ptr<Blas> blas, const ProductDesc& d, FastMath fast_math)
      : blas_(std::move(blas)), desc_(d) {
    const cublasComputeType_t compute = fast_math == FastMath::off ? CUBLAS_COMPUTE_32F_PEDANTIC
                                        : fast_math == FastMath::tf32
                                            ? CUBLAS_COMPUTE_32F_FAST_TF32
                                            : CUBLAS_COMPUTE_32F_FAST_16BF;
    check(cublasLtMatmulDescCreate(&operation_, compute, CUDA_R_32F), "cublasLtMatmulDescCreate");
    set(CUBLASLT_MATMUL_DESC_TRANSA, d.transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, d.transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    const cublasLtEpilogue_t epilogue = d.bias && d.relu ? CUBLASLT_EPILOGUE_RELU_BIAS
                                        : d.bias         ? CUBLASLT_EPILOGUE_BIAS
                                        : d.relu         ? CUBLASLT_EPILOGUE_RELU
                                                         : CUBLASLT_EPILOGUE_DEFAULT;
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    // An algorithm is chosen by where the bias lies, too: null would promise every alignment.
    if (d.bias) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<std::uintptr_t>(d.align_bias));
    layout(b_, d.transpose_b ? d.k : d.n, d.transpose_b ? d.n : d.k);
    layout(a_, d.transpose_a ? d.m : d.k, d.transpose_a ? d.k : d.m);
    layout(c_, d.n, d.m);
    choose();
  }
  ~LtProduct() override {
    for (const cublasLtMatrixLayout_t l : {a_, b_, c_})
      if (l) cublasLtMatrixLayoutDestroy(l);
    if (operation_) cublasLtMatmulDescDestroy(operation_);
  }
  LtProduct(const LtProduct&) = delete;
  LtProduct& operator=(const LtProduct&) = delete;

  std::size_t workspace_bytes() const override { return chosen_.workspaceSize; }

  void run(const float* a, const float* b, const float* bias, float* c,
           void* workspace) const override {
    const float one = 1, zero = 0;
    if (desc_.bias) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    check(cublasLtMatmul(blas_->handles().lt, operation_, &one, b, b_, a, a_, &zero, c, c_, c, c_,
                         &chosen_.algo, workspace, chosen_.workspaceSize, blas_->handles().stream),
          "cublasLtMatmul");
  }

 private:
  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, const T& value) const {
    check(cublasLtMatmulDescSetAttribute(operation_, attribute, &value, sizeof value),
          "cublasLtMatmulDescSetAttribute");
  }

  static void layout(cublasLtMatrixLayout_t& made, int rows, int columns) {
    check(cublasLtMatrixLayoutCreate(&made, CUDA_R_32F, static_cast<std::uint64_t>(rows),
                                     static_cast<std::uint64_t>(columns), rows),
          "cublasLtMatrixLayoutCreate");
  }

  void choose() {
    cublasLtMatmulPreference_t preference = nullptr;
    check(cublasLtMatmulPreferenceCreate(&preference), "cublasLtMatmulPreferenceCreate");
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value),
            "cublasLtMatmulPreferenceSetAttribute");
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kProductWorkspace);
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(desc_.align_b));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(desc_.align_a));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(desc_.align_c));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(desc_.align_c));
    // The fastest first, as it thinks; which of them run at all only `state` says.
    std::array<cublasLtMatmulHeuristicResult_t, 8> offers{};
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(blas_->handles().lt, operation_, b_, a_, c_, c_, preference,
                                       static_cast<int>(offers.size()), offers.data(), &found);
    cublasLtMatmulPreferenceDestroy(preference);
    const auto end = offers.begin() + (status == CUBLAS_STATUS_SUCCESS ? found : 0);
    const auto usable = std::find_if(offers.begin(), end, [](const auto& offer) {
      return offer.state == CUBLAS_STATUS_SUCCESS && offer.workspaceSize <= kProductWorkspace;
    });
    if (usable == end)
      fail("cuBLASLt has no algorithm for [{}, {}] = [{}, {}] [{}, {}]: {}, {} offered", desc_.m,
           desc_.n, desc_.m, desc_.k, desc_.k, desc_.n, cublasGetStatusString(status),
           end - offers.begin());
    chosen_ = *usable;
  }

  std::shared_ptr<Blas> blas_;
  ProductDesc desc_;
  cublasLtMatmulDesc_t operation_ = nullptr;
  cublasLtMatrixLayout_t a_ = nullptr, b_ = nullptr, c_ = nullptr;
  cublasLtMatmulHeuristicResult_t chosen_ = {};
};

}  // namespace

std::shared_ptr<const Product> plan_product(const std::shared_ptr<Blas>& blas,
                                            const ProductDesc& desc, FastMath fast_math) {
  return std::make_shared<LtProduct>(blas, desc, fast_math);
}

// Orthonormal columns. Row-major matrices again: an upper triangle is column-major's lower one.

namespace {

// What cuBLAS asks for on Hopper at most; it never takes memory of its own when it has this.
constexpr std::size_t kBlasWorkspace = std::size_t{32} << 20;

// What it asks for on other GPUs, and far more than a solve for one vector can use. With less than
// 16 KiB some of its routines fail.
constexpr std::size_t kSolveWorkspace = std::size_t{4} << 20;

/// cuBLAS with its workspace in the arena. (Setting the stream would take the workspace away.)
cublasHandle_t blas_with(const Blas& blas, void* workspace, std::size_t bytes = kBlasWorkspace) {
  check(cublasSetWorkspace(blas.handles().blas, workspace, bytes), "cublasSetWorkspace");
  return blas.handles().blas;
}

int cholesky_floats(const Blas& blas, int d) {
  int floats = 0;
  check(cusolverDnSpotrf_bufferSize(blas.handles().solver, CUBLAS_FILL_MODE_LOWER, d, nullptr, d,
                                    &floats),
        "cusolverDnSpotrf_bufferSize");
  return floats;
}

}  // namespace

std::size_t algebra_workspace_bytes(const Blas& blas, int d) {
  return std::max(kBlasWorkspace, static_cast<std::size_t>(cholesky_floats(blas, d)) * 4);
}

std::size_t solve_workspace_bytes(const Blas& /*blas*/, int /*d*/) { return kSolveWorkspace; }

void add_gram(const Blas& blas, float* gram, const float* a, int rows, int d, void* workspace) {
  const float one = 1;
  check(cublasSsyrk(blas_with(blas, workspace), CUBLAS_FILL_MODE_LOWER, CUBLAS_OP_N, d, rows, &one,
                    a, d, &one, gram, d),
        "cublasSsyrk");
}

void cholesky(const Blas& blas, float* gram, int d, int* status, void* workspace) {
  check(cusolverDnSpotrf(blas.handles().solver, CUBLAS_FILL_MODE_LOWER, d, gram, d,
                         static_cast<float*>(workspace), cholesky_floats(blas, d), status),
        "cusolverDnSpotrf");
}

void divide_by_upper(const Blas& blas, float* a, const float* r, int rows, int d, void* workspace) {
  // A = A R^-1 row by row is A^T = R^-T A^T column by column; R^T is what lies there, lower.
  const float one = 1;
  check(cublasStrsm(blas_with(blas, workspace), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER,
                    CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, d, rows, &one, r, d, a, d),
        "cublasStrsm");
}

void solve_upper(const Blas& blas, const float* r, float* x, int d, bool transposed,
                 void* workspace) {
  // By columns what lies there is R^T, lower.
  check(cublasStrsv(blas_with(blas, workspace, kSolveWorkspace), CUBLAS_FILL_MODE_LOWER,
                    transposed ? CUBLAS_OP_N : CUBLAS_OP_T, CUBLAS_DIAG_NON_UNIT, d, r, d, x, 1),
        "cublasStrsv");
}

void multiply_upper(const Blas& blas, float* r2, const float* r1, int d, void* workspace) {
  // R2 = R2 R1 is R2^T = R1^T R2^T by columns. cuBLAS reads only one factor as a triangle, so the
  // other's empty half is cleared: d small memsets, once a run.
  for (int row = 1; row < d; ++row)
    MAPNET_CUDA(cudaMemsetAsync(r2 + static_cast<std::size_t>(row) * static_cast<std::size_t>(d), 0,
                                static_cast<std::size_t>(row) * sizeof(float),
                                blas.handles().stream));
  const float one = 1;
  check(cublasStrmm(blas_with(blas, workspace), CUBLAS_SIDE_LEFT, CUBLAS_FILL_MODE_LOWER,
                    CUBLAS_OP_N, CUBLAS_DIAG_NON_UNIT, d, d, &one, r1, d, r2, d, r2, d),
        "cublasStrmm");
}

}  // namespace mapnet::cuda
