#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

namespace mapnet {

/// What becomes of hours whose PM2.5 was not measured.
enum class Missing {
  previous,  ///< the value of the last measured hour; before the first one, the first one's
  zero,      ///< 0
};

/// "previous" or "zero"; UsageError for anything else.
Missing parse_missing(std::string_view text);

/// UCI's table of hourly PM2.5 in Beijing, and the samples that are made of it. Columns are found
/// by their names: year, month, day, hour, pm2.5, DEWP, TEMP, PRES, cbwd, Iws, Is, Ir.
struct SeriesFile {
  std::filesystem::path file = {};
  int window = 24;            // hours a forecast is made from
  bool multivariate = false;  // the weather too, not PM2.5 alone
  Missing missing = Missing::previous;
};

/// Features of a row: PM2.5 alone, or PM2.5, DEWP, TEMP, PRES, Iws, Is, Ir and the wind's direction
/// (cv, NE, NW, SE) as four values of which one is 1.
std::size_t series_features(const SeriesFile& series);

/// Samples of a table of `rows`. The last fifth of its rows are the test samples' targets, those
/// before it that have a whole window before them are the training samples'. Throws UsageError when
/// the window is not positive or leaves no sample, Error where no window would.
struct SeriesCounts {
  std::size_t train, test;
};
SeriesCounts series_counts(const SeriesFile& series, std::size_t rows);

/// Where the table lies in a folder: pollution.csv, or under UCI's name for it. Throws Error.
std::filesystem::path find_pm25_file(const std::filesystem::path& folder);

/// Rows of the table, each with as many fields as the header.
std::size_t count_pm25_rows(const std::filesystem::path& file);

/// A series in memory. With T the window, sample i is rows i to i + T - 1, and its target is
/// feature 0, PM2.5, of row i + T. The training samples come first, the test samples follow at
/// once; a test sample's window may reach back into rows that were trained on.
struct Series {
  std::vector<float> values;  // [rows, features] row-major; min-max scaled by the training rows
  std::size_t rows = 0, features = 0;
  /// PM2.5 in ug/m3 is target_min + value * (target_max - target_min).
  double target_min = 0, target_max = 0;
  std::size_t missing = 0;  // rows whose PM2.5 was filled in
  /// Mean squared error of the forecast that repeats the last value, over each split's samples.
  double persistence_mse_train = 0, persistence_mse_validation = 0, persistence_mse_test = 0;
};

/// Reads, fills, scales. Only training rows, all those before the last fifth and before the last
/// `set_aside` samples to train on, decide the scales, so other values may lie outside 0 to 1; a
/// feature that never changes there becomes 0. Throws Error naming file, line and column, also for
/// rows that do not follow hour by hour. `rows_expected`: room is made for so many.
Series read_pm25(const SeriesFile& series, std::size_t set_aside = 0,
                 std::size_t rows_expected = 0);

}  // namespace mapnet
