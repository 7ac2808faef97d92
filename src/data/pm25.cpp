#include "data/pm25.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "common/error.hpp"
#include "data/csv.hpp"
#include "data/problems.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

constexpr std::array kWeather = {"DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"};
constexpr std::array<std::string_view, 4> kWinds = {"cv", "NE", "NW", "SE"};  // cv: calm, variable

/// Rows before the tested fifth.
std::size_t training_rows(std::size_t rows) { return rows * 4 / 5; }

/// The columns that say when a row was measured, and the check that hours follow one another.
class Clock {
 public:
  explicit Clock(const CsvTable& table) {
    for (std::size_t i = 0; i < 4; ++i) columns_[i] = table.column(kNames[i]);
  }

  void check(const CsvTable& table) {
    using namespace std::chrono;
    // Ranges first: chrono's fields are narrower than an int.
    const year_month_day date{year(within(table, 0, 1000, 9999)),
                              month(static_cast<unsigned>(within(table, 1, 1, 12))),
                              day(static_cast<unsigned>(within(table, 2, 1, 31)))};
    if (!date.ok()) table.refuse(columns_[2], "a day that its month has");
    const auto now = sys_days(date) + hours(within(table, 3, 0, 23));
    if (last_ && now != *last_ + hours(1))
      table.refuse(columns_[3], "the hour after the last row's");
    last_ = now;
  }

 private:
  static constexpr std::array kNames = {"year", "month", "day", "hour"};

  int within(const CsvTable& table, std::size_t part, int low, int high) const {
    const int value = table.integer(columns_[part]);
    if (value < low || value > high)
      table.refuse(columns_[part], fmt::format("a number from {} to {}", low, high));
    return value;
  }

  std::array<std::size_t, 4> columns_;
  std::optional<std::chrono::sys_time<std::chrono::hours>> last_;
};

/// Appends rows to a series as they are in the table, unscaled.
class Rows {
 public:
  Rows(const CsvTable& table, const SeriesFile& series)
      : multivariate_(series.multivariate), target_(table.column("pm2.5")) {
    if (!multivariate_) return;
    for (std::size_t i = 0; i < kWeather.size(); ++i) weather_[i] = table.column(kWeather[i]);
    wind_ = table.column("cbwd");
  }

  /// False where PM2.5 is missing; a 0 stands in its place.
  bool append(const CsvTable& table, std::vector<float>& values) const {
    const std::string_view text = table.text(target_);
    const bool known = !text.empty() && text != "NA";
    values.push_back(known ? static_cast<float>(table.number(target_)) : 0.0f);
    if (!multivariate_) return known;
    for (const std::size_t column : weather_)
      values.push_back(static_cast<float>(table.number(column)));
    const auto wind = std::ranges::find(kWinds, table.text(wind_));
    if (wind == kWinds.end()) table.refuse(wind_, fmt::format("{}", fmt::join(kWinds, ", ")));
    for (auto w = kWinds.begin(); w != kWinds.end(); ++w) values.push_back(w == wind ? 1.0f : 0.0f);
    return known;
  }

 private:
  bool multivariate_;
  std::size_t target_;
  std::array<std::size_t, kWeather.size()> weather_ = {};
  std::size_t wind_ = 0;
};

/// The value of the last known row; before the first known one, that one's.
void fill_previous(Series& s, const std::vector<bool>& known, std::size_t training,
                   const fs::path& file) {
  const auto first = std::ranges::find(known, true) - known.begin();
  if (static_cast<std::size_t>(first) >= training) {
    fail("{}: expected a value of pm2.5 in the {} of {} rows to train on, found none",
         file.string(), training, s.rows);
  }
  float value = s.values[static_cast<std::size_t>(first) * s.features];
  for (std::size_t row = 0; row < s.rows; ++row) {
    float& at = s.values[row * s.features];
    if (known[row])
      value = at;
    else
      at = value;
  }
}

/// To 0 ... 1 over the first `training` rows, a feature at a time.
void scale(Series& s, std::size_t training) {
  for (std::size_t f = 0; f < s.features; ++f) {
    float low = s.values[f], high = low;
    for (std::size_t row = 1; row < training; ++row) {
      low = std::min(low, s.values[row * s.features + f]);
      high = std::max(high, s.values[row * s.features + f]);
    }
    if (f == 0) s.target_min = low, s.target_max = high;
    const double factor = high > low ? 1.0 / (double{high} - double{low}) : 0.0;
    for (std::size_t row = 0; row < s.rows; ++row) {
      float& value = s.values[row * s.features + f];
      value = static_cast<float>((double{value} - double{low}) * factor);
    }
  }
}

/// Over the targets in rows [begin, end); 0 where there are none.
double persistence_mse(const Series& s, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t row = begin; row < end; ++row) {
    const double error =
        double{s.values[row * s.features]} - double{s.values[(row - 1) * s.features]};
    sum += error * error;
  }
  return end > begin ? sum / static_cast<double>(end - begin) : 0;
}

}  // namespace

Missing parse_missing(std::string_view text) {
  if (text == "previous") return Missing::previous;
  if (text == "zero") return Missing::zero;
  fail<UsageError>("missing values: expected previous or zero, found '{}'", text);
}

std::size_t series_features(const SeriesFile& series) {
  return series.multivariate ? 1 + kWeather.size() + kWinds.size() : 1;
}

SeriesCounts series_counts(const SeriesFile& series, std::size_t rows) {
  if (series.window < 1)
    fail<UsageError>("window: expected 1 hour or more, found {}", series.window);
  const auto window = static_cast<std::size_t>(series.window);
  const std::size_t training = training_rows(rows);
  if (training < 2)
    fail("{}: expected a row an hour, enough for a window before the last fifth of them, found {}",
         series.file.string(), rows);
  if (window >= training) {
    fail<UsageError>("window: expected fewer hours than the {} rows to train on, found {}",
                     training, window);
  }
  return {training - window, rows - training};
}

fs::path find_pm25_file(const fs::path& folder) {
  require_folder(folder);
  constexpr std::array names = {"pollution.csv", "PRSA_data_2010.1.1-2014.12.31.csv"};
  for (const char* name : names)
    if (fs::exists(folder / name)) return folder / name;
  fail("{}: expected the file {} or {}, found neither", folder.string(), names[0], names[1]);
}

std::size_t count_pm25_rows(const fs::path& file) {
  CsvTable table(file);
  std::size_t rows = 0;
  while (table.next()) ++rows;
  return rows;
}

Series read_pm25(const SeriesFile& series, std::size_t set_aside, std::size_t rows_expected) {
  Series s;
  s.features = series_features(series);
  // Grown row by row it would take three times the room for a moment.
  s.values.reserve(rows_expected * s.features);
  CsvTable table(series.file);
  const Rows rows(table, series);
  Clock clock(table);
  std::vector<bool> known;
  while (table.next()) {
    clock.check(table);
    known.push_back(rows.append(table, s.values));
  }
  s.rows = known.size();
  s.missing = static_cast<std::size_t>(std::ranges::count(known, false));
  const SeriesCounts counts = series_counts(series, s.rows);
  if (set_aside >= counts.train)
    fail("{}: expected more than the {} samples that are set aside to train on, found {}",
         series.file.string(), set_aside, counts.train);
  const std::size_t split = s.rows - counts.test, training = split - set_aside;
  if (series.missing == Missing::previous) fill_previous(s, known, training, series.file);
  scale(s, training);
  s.persistence_mse_train = persistence_mse(s, split - counts.train, training);
  s.persistence_mse_validation = persistence_mse(s, training, split);
  s.persistence_mse_test = persistence_mse(s, split, s.rows);
  return s;
}

}  // namespace mapnet
