#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace mapnet {

struct Ops;

enum class DeviceKind { cpu, cuda };

/// What may be traded for speed in convolutions and products on a GPU. Their sums stay float32.
enum class FastMath {
  off,   ///< float32 throughout
  tf32,  ///< factors rounded to TF32 (10 bits of mantissa)
  bf16,  ///< factors of products rounded to bfloat16; convolutions as tf32
};

/// What runs: no arguments, no allocation; everything it needs was bound when the arena was made.
/// On a GPU it enqueues and returns.
using Run = std::function<void()>;

/// One run's arena on a device, and what walks its steps. All of it happens in the order asked for.
class Executor {
 public:
  virtual ~Executor() = default;

  /// Beginning of the arena: an address on the device. Zero-filled.
  virtual std::byte* data() const = 0;

  /// Copies host memory into the arena; `from` may be reused at once.
  virtual void write(std::byte* to, const void* from, std::size_t bytes) = 0;

  /// Copies out of the arena, behind everything asked for so far, and waits for it.
  virtual void read(void* to, const std::byte* from, std::size_t bytes) = 0;

  /// Runs the steps of phase number `phase` once. A GPU records them (but for phase 0, the setup,
  /// or unless `recordable`) and replays the record, so they are the same at every call; it may be
  /// a few runs behind.
  virtual void run(int phase, const std::vector<Run>& steps, bool recordable) = 0;

  /// Waits for everything asked for.
  virtual void wait() = 0;

  /// Looks into the arena without waiting: true when a copy of `bytes` (at most 256) at `from` lies
  /// in `to`, as it was somewhere between an earlier call and this one.
  virtual bool peek(void* to, const std::byte* from, std::size_t bytes) = 0;

  /// Seconds a pass over `steps` takes, the mean of `repeats` passes in a row; on a GPU of fewer,
  /// where they are long.
  virtual double seconds(const std::vector<Run>& steps, int repeats) = 0;
};

/// What a device can do at most, measured now: the ceilings a benchmark is read against.
struct Peak {
  double gflops = 0;         ///< float32 multiply-adds
  double copy_gb_per_s = 0;  ///< bytes read plus bytes written by a large copy
};

/// What a schedule is built for and run on.
class Device {
 public:
  virtual ~Device() = default;
  virtual DeviceKind kind() const = 0;
  /// "cpu (AMD EPYC ..., 2 threads)"
  virtual std::string description() const = 0;
  /// Threads of a CPU; 1 on a GPU.
  virtual int n_threads() const = 0;
  /// The twins of every op.
  virtual const Ops& ops() const = 0;
  /// Makes the one allocation of a run. Throws Error naming the bytes asked for and had.
  virtual std::unique_ptr<Executor> allocate(std::size_t arena_bytes) = 0;
  /// Takes about a second.
  virtual Peak measure_peak() = 0;
};

/// The CPU with `n_threads`. Throws Error where the CPU twins were not built.
std::shared_ptr<Device> open_cpu(int n_threads);

/// What the CPU twins compute with: "oneDNN 2.7.3, OpenBLAS 0.3.21"; empty where they were not
/// built.
std::string cpu_libraries();

/// Gives back what the CPU twins' libraries keep of steps that are gone, to build the same ones
/// faster. No step that is there is touched.
void forget_built_steps();

/// One of the NVIDIA GPUs the process may use, of those that are not too old: the first, or where
/// processes share a machine, the `process`-th of them takes the next, round and round. Throws
/// Error saying why there is none.
std::shared_ptr<Device> open_cuda(FastMath fast_math, int process = 0);

/// Why open_cuda would throw, or an empty string.
std::string cuda_missing();

/// Whether this build could use a GPU at all.
bool built_for_cuda();

}  // namespace mapnet
