#include "device/cuda/gpu.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "device/cuda/check.hpp"
#include "device/cuda/executor.hpp"
#include "device/ops.hpp"

namespace mapnet {

namespace cuda {

#define MAPNET_OP(name) decltype(mapnet::name) name;
MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP

namespace {

constexpr Ops kOps = {
#define MAPNET_OP(name) .name = cuda::name,
    MAPNET_OPS(MAPNET_OP)
#undef MAPNET_OP
};

class NvidiaGpu : public Gpu, public std::enable_shared_from_this<NvidiaGpu> {
 public:
  NvidiaGpu(FastMath fast_math, int index) : fast_math_(fast_math), index_(index) {
    MAPNET_CUDA(cudaSetDevice(index_));
    MAPNET_CUDA(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  }
  ~NvidiaGpu() override {
    blas_.reset();
    cudnn_.reset();
    cudaStreamDestroy(stream_);
  }
  NvidiaGpu(const NvidiaGpu&) = delete;
  NvidiaGpu& operator=(const NvidiaGpu&) = delete;

  DeviceKind kind() const override { return DeviceKind::cuda; }
  std::string description() const override {
    const cudaDeviceProp p = properties();
    return fmt::format("cuda ({}, compute capability {}.{}, {})", p.name, p.major, p.minor,
                       format_bytes(p.totalGlobalMem));
  }
  int n_threads() const override { return 1; }
  const Ops& ops() const override { return kOps; }
  std::unique_ptr<Executor> allocate(std::size_t arena_bytes) override {
    return std::make_unique<GpuExecutor>(shared_from_this(), arena_bytes);
  }
  Peak measure_peak() override { return {measure_gflops(), measure_copy()}; }

  cudaStream_t stream() const override { return stream_; }
  FastMath fast_math() const override { return fast_math_; }
  std::shared_ptr<Cudnn> cudnn() override {
    if (!cudnn_) cudnn_ = std::make_shared<Cudnn>(stream_);
    return cudnn_;
  }
  std::shared_ptr<Blas> blas() override {
    if (!blas_) blas_ = std::make_shared<Blas>(stream_);
    return blas_;
  }

 private:
  cudaDeviceProp properties() const {
    cudaDeviceProp p{};
    MAPNET_CUDA(cudaGetDeviceProperties(&p, index_));
    return p;
  }

  /// By a product large enough for every multiprocessor.
  double measure_gflops() {
    constexpr int kRepeats = 10;
    const int n = 256 * std::clamp(properties().multiProcessorCount / 4, 1, 16);
    const auto product = plan_product(blas(), {.m = n, .n = n, .k = n}, fast_math_);
    const std::size_t matrix = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    const auto memory = allocate(3 * matrix * sizeof(float) + product->workspace_bytes());
    float* a = reinterpret_cast<float*>(memory->data());
    const Run multiply = [=] {
      product->run(a, a + matrix, nullptr, a + 2 * matrix, a + 3 * matrix);
    };
    const double flops = 2.0 * static_cast<double>(matrix) * n;
    return flops / memory->seconds({multiply}, kRepeats) * 1e-9;
  }

  double measure_copy() {
    constexpr int kRepeats = 10;
    std::size_t free = 0, total = 0;
    MAPNET_CUDA(cudaMemGetInfo(&free, &total));
    const std::size_t bytes = std::min(free / 4, std::size_t{512} << 20) / 256 * 256;
    const auto memory = allocate(2 * bytes);
    std::byte* from = memory->data();
    const Run copy = [=, this] {
      MAPNET_CUDA(cudaMemcpyAsync(from + bytes, from, bytes, cudaMemcpyDeviceToDevice, stream_));
    };
    return 2.0 * static_cast<double>(bytes) / memory->seconds({copy}, kRepeats) * 1e-9;
  }

  FastMath fast_math_;
  int index_;
  cudaStream_t stream_ = nullptr;
  std::shared_ptr<Cudnn> cudnn_;
  std::shared_ptr<Blas> blas_;
};

}  // namespace

}  // namespace cuda

namespace {

/// Why the GPU cannot be used; empty where it can.
std::string too_old(int index) {
  int major = 0, minor = 0;
  MAPNET_CUDA(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, index));
  MAPNET_CUDA(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, index));
  if (10 * major + minor >= 75) return "";
  return fmt::format("GPU {} has compute capability {}.{}; 7.5 or later is needed", index, major,
                     minor);
}

struct Gpus {
  std::vector<int> usable;  // their indices
  std::string why_not;      // of the others, or of there being none at all
};

Gpus find_gpus() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status == cudaErrorInsufficientDriver)
    return {{}, "the NVIDIA driver is missing, or older than the CUDA toolkit this was built with"};
  if (status != cudaSuccess) return {{}, cudaGetErrorString(status)};
  if (devices == 0) return {{}, "no NVIDIA GPU is visible"};
  Gpus gpus;
  for (int index = 0; index < devices; ++index) {
    const std::string why = too_old(index);
    if (why.empty())
      gpus.usable.push_back(index);
    else
      gpus.why_not += (gpus.why_not.empty() ? "" : "; ") + why;
  }
  return gpus;
}

}  // namespace

bool built_for_cuda() { return true; }

std::string cuda_missing() {
  const Gpus gpus = find_gpus();
  return gpus.usable.empty() ? gpus.why_not : "";
}

std::shared_ptr<Device> open_cuda(FastMath fast_math, int process) {
  const Gpus gpus = find_gpus();
  if (gpus.usable.empty())
    fail("no GPU can be used: {}; --device cpu trains without one", gpus.why_not);
  const auto turn = static_cast<std::size_t>(process) % gpus.usable.size();
  return std::make_shared<cuda::NvidiaGpu>(fast_math, gpus.usable[turn]);
}

}  // namespace mapnet
