#pragma once

#include <cstddef>

/// The largest numbers a recipe may hold, whoever wrote it: a user, or a file that anyone may have
/// written.
namespace mapnet {

inline constexpr int kMaxEpochs = 1'000'000;
inline constexpr double kMostReal = 1e6;  ///< of a rate, a weight, a spread
inline constexpr int kMaxBatch = 65'536;
inline constexpr int kMaxThreads = 1024;
inline constexpr int kMaxSide = 65'536;          ///< of an image; also of what is cut out of it
inline constexpr int kMaxHidden = 65'536;        ///< units of a trained map's hidden layer
inline constexpr int kMaxShare = 1'000'000'000;  ///< weights that one output shifts
inline constexpr int kMaxLatents = 1 << 28;      ///< of one vector
inline constexpr int kMaxFrames = 1'000'000;     ///< of a video
inline constexpr int kMaxClasses = 65'536;       ///< or values to forecast
inline constexpr int kMaxInputValues = 1 << 24;  ///< of one sample: 4096 x 4096 grey pixels

}  // namespace mapnet
