#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <set>

#include "emulation/emulation_harness.hpp"

/// What emulated kernels do, and which mistakes in them are noticed.
using namespace mapnet::test;

namespace {

constexpr unsigned kThreads = 128;

/// A block sums kThreads values of x.
__global__ void __launch_bounds__(kThreads) block_sums(float* sums, const float* x) {
  __shared__ float partial[kThreads];
  partial[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
  }
  if (threadIdx.x == 0) sums[blockIdx.x] = partial[0];
}

/// Reverses a block's values; with kBarrier false before all have been written.
template <bool kBarrier>
__global__ void reverse(float* x) {
  __shared__ float values[kThreads];
  values[threadIdx.x] = x[threadIdx.x];
  if constexpr (kBarrier) __syncthreads();
  x[threadIdx.x] = values[kThreads - 1 - threadIdx.x];
}

__global__ void warp_sums(double* sums) {
  double value = threadIdx.x;
  for (int lane = warpSize / 2; lane > 0; lane /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, lane);
  sums[threadIdx.x] = value;
}

__global__ void exchanges(int* out) {
  const int lane = static_cast<int>(threadIdx.x);
  const unsigned all = 0xffffffffu;
  out[lane] = __shfl_sync(all, 10 * lane, 3);
  out[32 + lane] = __shfl_sync(all, 10 * lane, 1, 8);
  out[64 + lane] = __shfl_down_sync(all, 10 * lane, 4);
  out[96 + lane] = __shfl_up_sync(all, 10 * lane, 4u, 16);
  out[128 + lane] = static_cast<int>(__ballot_sync(all, lane % 8 == 1));
  out[160 + lane] = 2 * __any_sync(all, lane == 5) + __all_sync(all, lane < 31);
  // Half of a warp on its own.
  out[192 + lane] = -1;
  if (lane < 16) out[192 + lane] = __shfl_xor_sync(0x0000ffffu, lane, 1);
  __syncwarp();
}

[[maybe_unused]] __global__ void uninitialised(float* out) {
  __shared__ float values[4];
  if (out == nullptr) values[0] = 1;
  out[0] = values[threadIdx.x];
}

/// Not a kernel's own: any may reach it.
[[maybe_unused]] float* kept_in_a_function() {
  __shared__ float value[1];
  return value;
}

[[maybe_unused]] __global__ void leaving_kernel(float* out) {
  __shared__ float own[1];
  *out = own[0];
  own[0] = *kept_in_a_function() = 1;
}

[[maybe_unused]] __global__ void finding_kernel(float* out) { *out = *kept_in_a_function(); }

__global__ void some_leave() {
  if (threadIdx.x < 32) return;
  __syncthreads();
}

__global__ void two_barriers() {
  if (threadIdx.x % 2 == 0)
    __syncthreads();
  else
    __syncthreads();
}

__global__ void missing_lanes(unsigned mask) {
  if (threadIdx.x < 16) __shfl_sync(mask, 1.0f, 0);
}

__global__ void foreign_lane(float* out) {
  if (threadIdx.x < 16) out[threadIdx.x] = __shfl_sync(0x0000ffffu, 1.0f, 20);
}

__global__ void write_at(float* x, int i) { x[i] = 1; }

/// An argument like those of most kernels.
struct Place {
  float* x = nullptr;
  int i = 0;  // and a gap
  double scale = 0;
  std::size_t n = 0;
};
__global__ void leave_alone(Place) {}

/// No address: two numbers whose bits together are one of the host's.
struct Numbers {
  int low, high;
};
__global__ void ignore(Numbers, std::uint64_t) {}

__global__ void indices(unsigned* out, std::size_t n) {
  const unsigned block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
  const unsigned thread = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
  const unsigned i = block * blockDim.x * blockDim.y * blockDim.z + thread;
  if (i < n) out[i] = i + 1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_reduction_is_right_in_every_order) {
  std::vector<float> x(5 * kThreads);
  std::iota(x.begin(), x.end(), 0.0f);
  for (const emulation::ThreadOrder order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<float> from(x), sums(5);
    check(launch(nullptr, 5, kThreads, block_sums, sums.get(), from.get()));
    const std::vector<float> found = sums.values();
    for (std::size_t b = 0; b < 5; ++b)
      BOOST_TEST(found[b] == std::accumulate(&x[b * kThreads], &x[b * kThreads] + kThreads, 0.0f));
  }
}

BOOST_AUTO_TEST_CASE(a_missing_barrier_shows) {
  std::vector<float> x(kThreads);
  std::iota(x.begin(), x.end(), 1.0f);
  std::set<std::vector<float>> with_barrier, without;
  const auto bits = [](std::vector<float> values) {
    for (float& v : values)
      if (std::isnan(v)) v = -1;  // NaN would not be equal to itself
    return values;
  };
  for (const emulation::ThreadOrder order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<float> a(x), b(x);
    check(launch(nullptr, 1, kThreads, reverse<true>, a.get()));
    check(launch(nullptr, 1, kThreads, reverse<false>, b.get()));
    with_barrier.insert(bits(a.values()));
    without.insert(bits(b.values()));
  }
  BOOST_TEST(with_barrier.size() == 1u);
  BOOST_TEST(*with_barrier.begin() == std::vector<float>(x.rbegin(), x.rend()));
  BOOST_TEST(without.size() > 1u);
}

BOOST_AUTO_TEST_CASE(lanes_exchange_values) {
  for (const emulation::ThreadOrder order : kOrders) {
    const WithOrder with(order);
    const DeviceArray<double> sums(64);
    check(launch(nullptr, 1, 64, warp_sums, sums.get()));
    const std::vector<double> found = sums.values();
    BOOST_TEST(found[7] == 31.0 * 16);
    BOOST_TEST(found[40] == 31.0 * 16 + 32 * 32);

    const DeviceArray<int> out(224);
    check(launch(nullptr, 1, 32, exchanges, out.get()));
    const std::vector<int> e = out.values();
    for (int lane = 0; lane < 32; ++lane) {
      const auto at = [&](int row) { return e[static_cast<std::size_t>(32 * row + lane)]; };
      BOOST_TEST(at(0) == 30);
      BOOST_TEST(at(1) == 10 * (lane / 8 * 8 + 1));
      BOOST_TEST(at(2) == 10 * (lane + 4 < 32 ? lane + 4 : lane));
      BOOST_TEST(at(3) == 10 * (lane % 16 >= 4 ? lane - 4 : lane));
      BOOST_TEST(at(4) == 0x02020202);
      BOOST_TEST(at(5) == 2);
      BOOST_TEST(at(6) == (lane < 16 ? (lane ^ 1) : -1));
    }
  }
}

BOOST_AUTO_TEST_CASE(every_thread_of_a_grid_runs_once) {
  const DeviceArray<unsigned> out(2 * 3 * 2 * 4 * 3 * 2);
  check(launch(nullptr, dim3(2, 3, 2), dim3(4, 3, 2), indices, out.get(), 288));
  std::vector<unsigned> expected(288);
  std::iota(expected.begin(), expected.end(), 1u);
  BOOST_TEST(out.values() == expected);
}

BOOST_AUTO_TEST_CASE(barriers_not_reached_by_all_are_reported) {
  check(launch(nullptr, 1, 64, some_leave));
  const std::string left = failure();
  BOOST_TEST(left.find("some_leave") != left.npos, left);
  BOOST_TEST(left.find("threads 0-31: returned; threads 32-63: at __syncthreads") != left.npos,
             left);

  check(launch(nullptr, 1, 4, two_barriers));
  const std::string two = failure();
  BOOST_TEST(two.find("not all threads reach the same barrier") != two.npos, two);

  check(launch(nullptr, 1, 32, missing_lanes, 0xffffffffu));
  const std::string lanes = failure();
  BOOST_TEST(lanes.find("threads 0-15: at __shfl_sync") != lanes.npos, lanes);

  check(launch(nullptr, 1, 32, missing_lanes, 0xfffffffeu));
  const std::string caller = failure();
  BOOST_TEST(caller.find("does not name the lane that calls") != caller.npos, caller);

  const DeviceArray<float> out(32);
  check(launch(nullptr, 1, 32, foreign_lane, out.get()));
  const std::string foreign = failure();
  BOOST_TEST(foreign.find("reads from a lane outside the mask") != foreign.npos, foreign);
  // The emulator works on.
  check(launch(nullptr, 1, 64, warp_sums, DeviceArray<double>(64).get()));
  check(cudaDeviceSynchronize());
}

BOOST_AUTO_TEST_CASE(memory_begins_as_nan) {
  const DeviceArray<float> out(3);
  for (const float v : out.values()) BOOST_TEST(std::isnan(v));
#ifndef __SANITIZE_ADDRESS__  // see __shared__ in types.hpp
  const DeviceArray<float> zeros(std::vector<float>(3));
  check(launch(nullptr, 1, 1, uninitialised, zeros.get()));
  BOOST_TEST(std::isnan(zeros.values()[0]));
  for (const auto kernel : {leaving_kernel, leaving_kernel, finding_kernel}) {
    const DeviceArray<float> found(std::vector<float>(1));
    check(launch(nullptr, 1, 1, kernel, found.get()));
    BOOST_TEST(std::isnan(found.values()[0]));
  }
#endif
}

BOOST_AUTO_TEST_CASE(a_write_beside_an_allocation_is_noticed) {
  for (const int i : {3, -1}) {
    const DeviceArray<float> x(3);
    check(launch(nullptr, 1, 1, write_at, x.get(), i));
    const std::string text = failure();
    BOOST_TEST(text.find("wrote outside a device allocation of 12 bytes") != text.npos, text);
  }
}

BOOST_AUTO_TEST_CASE(a_kernel_must_not_be_given_host_memory) {
  float host = 0;
  check(launch(nullptr, 1, 1, write_at, &host, 0));
  const std::string text = failure();
  BOOST_TEST(text.find("memory that is not the device's") != text.npos, text);
}

BOOST_AUTO_TEST_CASE(nor_a_struct_with_an_address_of_it) {
  static float variable = 0;
  float local = 0;
  std::vector<float> on_heap(1);
  for (float* const host : {&variable, &local, on_heap.data()}) {
    check(launch(nullptr, 1, 1, leave_alone, Place{host}));
    const std::string text = failure();
    BOOST_TEST(text.find("leave_alone") != text.npos, text);
    BOOST_TEST(text.find("a member of an argument points to the host's memory") != text.npos, text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_address_of_the_host_is_no_mistake) {
  const DeviceArray<float> x(3);
  float* pinned = nullptr;
  check(cudaMallocHost(&pinned, sizeof(float)));
  float* const none = nullptr;
  float* const nowhere = reinterpret_cast<float*>(0x500000000008);
  for (float* const p : {x.get(), x.get() + 3, x.get() + 100, pinned, none, nowhere})
    check(launch(nullptr, 1, 1, leave_alone, Place{p}));
  // Its bits in an int and the gap behind it, in two numbers, in one.
  const float local = 0;
  const auto bits = reinterpret_cast<std::uintptr_t>(&local);
  Place with_gap{x.get()};
  std::memcpy(reinterpret_cast<char*>(&with_gap) + offsetof(Place, i), &bits, sizeof bits);
  check(launch(nullptr, 1, 1, leave_alone, with_gap));
  const Numbers numbers{static_cast<int>(bits), static_cast<int>(bits >> 32)};
  check(launch(nullptr, 1, 1, ignore, numbers, bits));
  BOOST_TEST(failure() == "");
  check(cudaFreeHost(pinned));
}

BOOST_AUTO_TEST_CASE(launches_no_device_would_take_are_refused) {
  const DeviceArray<float> x(1);
  for (const auto& [grid, block] : {std::pair(dim3(1), dim3(1025)),
                                    {dim3(0), dim3(1)},
                                    {dim3(1), dim3(0)},
                                    {dim3(1), dim3(1, 1, 65)},
                                    {dim3(1, 65536), dim3(1)},
                                    {dim3(1), dim3(64, 32)}})
    BOOST_TEST(launch(nullptr, grid, block, write_at, x.get(), 0) == cudaErrorInvalidConfiguration);
  cudaLaunchConfig_t config{};
  config.dynamicSmemBytes = (48 << 10) + 1;
  BOOST_TEST(cudaLaunchKernelEx(&config, some_leave) == cudaErrorInvalidConfiguration);
  BOOST_TEST(cudaGetLastError() == cudaErrorInvalidConfiguration);
  BOOST_TEST(cudaGetLastError() == cudaSuccess);
}
