#pragma once

#include <cuda_runtime.h>

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace mapnet::test {

inline void check(cudaError_t status) {
  BOOST_REQUIRE_MESSAGE(status == cudaSuccess, cudaGetErrorString(status));
}

/// Values in device memory.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(std::size_t n) : n_(n) { check(cudaMalloc(&p_, n * sizeof(T))); }
  explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
    check(cudaMemcpy(p_, values.data(), n_ * sizeof(T), cudaMemcpyHostToDevice));
    check(cudaDeviceSynchronize());  // the copy may return before the values arrive
  }
  ~DeviceArray() { cudaFree(p_); }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;

  T* get() const { return p_; }
  std::vector<T> values() const {
    std::vector<T> copy(n_);
    check(cudaMemcpy(copy.data(), p_, n_ * sizeof(T), cudaMemcpyDeviceToHost));
    return copy;
  }

 private:
  T* p_ = nullptr;
  std::size_t n_;
};

/// A stream of its own, waiting for no other.
struct Stream {
  Stream() { check(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking)); }
  ~Stream() { cudaStreamDestroy(handle); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  cudaStream_t handle = nullptr;
};

struct Event {
  Event() { check(cudaEventCreate(&handle)); }
  ~Event() { cudaEventDestroy(handle); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  cudaEvent_t handle = nullptr;
};

template <class... Params, class... Args>
cudaError_t launch(cudaStream_t stream, dim3 grid, dim3 block, void (*kernel)(Params...),
                   const Args&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...);
}

/// What a kernel's failure says; afterwards the device works again.
inline std::string failure() {
  const cudaError_t status = cudaDeviceSynchronize();
  const std::string text = status == cudaErrorLaunchFailure ? cudaGetErrorString(status) : "";
  emulation::forgive();
  return text;
}

/// Sets an order of threads until the end of the scope.
struct WithOrder {
  explicit WithOrder(emulation::ThreadOrder order) { emulation::set_thread_order(order); }
  ~WithOrder() { emulation::set_thread_order(before); }
  WithOrder(const WithOrder&) = delete;
  WithOrder& operator=(const WithOrder&) = delete;
  emulation::ThreadOrder before = emulation::thread_order();
};

inline constexpr emulation::ThreadOrder kOrders[] = {emulation::ThreadOrder::ascending,
                                                     emulation::ThreadOrder::descending,
                                                     emulation::ThreadOrder::shuffled};

}  // namespace mapnet::test
