#include "blocks.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "block.hpp"
#include "emulation/emulation.hpp"
#include "symbols.hpp"

namespace emulation {

namespace {

ThreadOrder first_order() {
  const char* const name = std::getenv("MAPNET_EMULATION_ORDER");
  const std::string_view order = name == nullptr ? "ascending" : name;
  if (order == "ascending") return ThreadOrder::ascending;
  if (order == "descending") return ThreadOrder::descending;
  if (order == "shuffled") return ThreadOrder::shuffled;
  std::fprintf(stderr, "MAPNET_EMULATION_ORDER is ascending, descending or shuffled\n");
  std::abort();
}

ThreadOrder& order_setting() {
  static ThreadOrder order = first_order();
  return order;
}

Block& block() {
  static Block the_block;  // keeps its fibers from kernel to kernel
  return the_block;
}

const Kernel* running = nullptr;

Block& block_of_kernel(const char* what) {
  if (running != nullptr) return block();
  std::fprintf(stderr, "%s outside a kernel\n", what);
  std::abort();
}

std::string text_of(dim3 d) {
  return "(" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + ")";
}

}  // namespace

void set_thread_order(ThreadOrder order) { order_setting() = order; }
ThreadOrder thread_order() { return order_setting(); }

std::size_t random_below(std::size_t n) {
  static std::uint64_t state = 0x9e3779b97f4a7c15u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return static_cast<std::size_t>((state >> 32) * n >> 32);
}

void run_grid(const Kernel& kernel) {
  running = &kernel;
  blockDim = kernel.block;
  gridDim = kernel.grid;
  const std::size_t nx = kernel.grid.x, ny = kernel.grid.y;
  const std::size_t count = nx * ny * kernel.grid.z;
  const ThreadOrder order = thread_order();
  std::vector<std::size_t> shuffled(order == ThreadOrder::shuffled ? count : 0);
  std::iota(shuffled.begin(), shuffled.end(), std::size_t{0});
  for (std::size_t i = shuffled.size(); i > 1; --i)
    std::swap(shuffled[i - 1], shuffled[random_below(i)]);
  const std::vector<Range>& shared_memory = shared_memory_of(kernel.address);
  try {
    block().begin(kernel);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t b = order == ThreadOrder::ascending    ? i
                            : order == ThreadOrder::descending ? count - 1 - i
                                                               : shuffled[i];
      blockIdx = {static_cast<unsigned>(b % nx), static_cast<unsigned>(b / nx % ny),
                  static_cast<unsigned>(b / nx / ny)};
      poison(shared_memory);
      block().run();
    }
    running = nullptr;
  } catch (const std::exception& e) {
    running = nullptr;
    throw std::runtime_error("kernel " + function_name(kernel.address) + " " + kernel.parameters +
                             ", grid " + text_of(kernel.grid) + ", blocks of " +
                             text_of(kernel.block) + ", in block " + text_of(blockIdx) + ": " +
                             e.what());
  }
}

const char* running_kernel() {
  if (running == nullptr) return "";
  static char text[256];
  // The name would need the heap; the parameters tell the kernel well enough.
  std::snprintf(text, sizeof text, "kernel %s, block (%u,%u,%u), thread (%u,%u,%u)",
                running->parameters.c_str(), blockIdx.x, blockIdx.y, blockIdx.z, threadIdx.x,
                threadIdx.y, threadIdx.z);
  return text;
}

void wait_for_block(const Site& site) { block_of_kernel("__syncthreads").wait_for_block(site); }

std::uint64_t meet_warp(Collective what, unsigned mask, std::uint64_t value, int argument,
                        int width, const Site& site) {
  return block_of_kernel("a warp exchange").meet_warp(what, mask, value, argument, width, site);
}

void trap(const Site& site) {
  throw std::runtime_error(std::string("__trap at ") + site.file_name() + ":" +
                           std::to_string(site.line()));
}

}  // namespace emulation
