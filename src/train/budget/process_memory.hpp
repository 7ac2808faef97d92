#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

#include "data/dataset.hpp"
#include "train/run_schedule.hpp"

/// What a run takes beside its arena: foretold before it begins, and measured when it is over.
namespace mapnet {

/// Bytes that the libraries, the schedule itself, data on its way and what a checkpoint is written
/// from take at most beside the arena, by what was measured of every network (docs/memory.md). The
/// program's own image, which it shares with every other run, is not among them. Of a GPU's memory
/// it is what its libraries keep for themselves.
/// `decoding`: decoding_bytes.
std::size_t bytes_beside_arena(const RunSchedule& run, const Recipe& recipe, const Dataset& dataset,
                               std::size_t decoding);

/// Bytes of those that the threads which decode pictures take at most: their files, pixels and the
/// decoder's. 0 where there are none to decode, or a GPU's memory is asked for. Reads the header of
/// each file: ask once.
std::size_t decoding_bytes(const Recipe& recipe, const Dataset& dataset);

/// The most memory that this process has had so far, and what of it is the image: pages of files
/// that are mapped, which are the program and its libraries. `data_bytes` is what a limit on the
/// data segment (ulimit -d) counts now: also what is set aside and never used, as OpenBLAS's 128
/// MiB a thread.
struct ProcessMemory {
  std::size_t peak_bytes = 0, image_bytes = 0, data_bytes = 0;

  std::size_t own_bytes() const { return peak_bytes > image_bytes ? peak_bytes - image_bytes : 0; }
};

/// As Linux counts it (VmHWM, RssFile and VmData in /proc/self/status); nothing where it does not
/// say.
std::optional<ProcessMemory> measure_process_memory();

/// Bytes that the machine has left for programs, or that the process's memory cgroup may have in
/// all, whichever are fewer; nothing where Linux tells neither. A test gives folders of its own.
std::optional<std::size_t> available_memory(
    const std::filesystem::path& proc = "/proc",
    const std::filesystem::path& cgroups = "/sys/fs/cgroup");

/// Memory that was freed and is kept for later, and what libraries keep of steps that are gone,
/// goes back to the system.
void return_free_memory();

}  // namespace mapnet
