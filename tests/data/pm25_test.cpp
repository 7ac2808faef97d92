#include "data/pm25.hpp"

#include <fmt/format.h>

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "common/temporary.hpp"
#include "data/dataset.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

const std::string kHeader = "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir\n";

/// A row of the hour `hour` of a day, in the layout of the published table.
std::string row(int hour, const std::string& pm, int temperature = 0, const char* wind = "cv") {
  return fmt::format("{},2012,2,29,{},{},-21,{},1021,{},1.5,0,0\n", hour + 1, hour, pm, temperature,
                     wind);
}

/// Ten hours: the last two are test targets.
struct TenHours : Folder {
  TenHours() { table({"NA", "20", "40", "", "NA", "60", "20", "120", "220", "NA"}); }

  void table(const std::vector<std::string>& values) const {
    std::string text = kHeader;
    for (std::size_t i = 0; i < values.size(); ++i)
      text += row(static_cast<int>(i), values[i], static_cast<int>(i), i % 2 ? "SE" : "cv");
    write("pollution.csv", text);
  }
  Dataset open(DatasetOptions options) const {
    options.folder = path;
    return open_dataset("beijing-pm25", options);
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pm25)

BOOST_FIXTURE_TEST_CASE(missing_hours_take_the_last_known_value, TenHours) {
  const Dataset d = open({.window = 3});
  BOOST_TEST((d.task == Task::forecast));
  BOOST_TEST(d.floats);
  BOOST_TEST(d.channels == 3);
  BOOST_TEST(d.height * d.width * d.classes == 1);
  BOOST_TEST(d.train.count == 5u);  // targets are rows 3 to 7
  BOOST_TEST(d.test.count == 2u);   // rows 8 and 9
  const Series s = read_series(d);
  BOOST_TEST(s.rows == 10u);
  BOOST_TEST(s.features == 1u);
  BOOST_TEST(s.missing == 4u);
  BOOST_TEST(s.target_min == 20);  // over rows 0 to 7: 220 is not seen
  BOOST_TEST(s.target_max == 120);
  check_close(s.values, std::vector<double>{0, 0, .2, .2, .2, .4, 0, 1, 2, 2}, 1e-7, 0, "values");
  // Training targets: 0, 0, .2, -.4, 1; test targets: 1, 0.
  BOOST_TEST(s.persistence_mse_train == (.04 + .16 + 1) / 5, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(s.persistence_mse_test == 0.5, boost::test_tools::tolerance(1e-6));
}

BOOST_FIXTURE_TEST_CASE(missing_hours_may_be_zero, TenHours) {
  const Series s = read_series(open({.window = 3, .missing = "zero"}));
  BOOST_TEST(s.target_min == 0);
  BOOST_TEST(s.missing == 4u);
  const std::vector<double> scaled = {0,   20. / 120, 40. / 120, 0,          0,
                                      0.5, 20. / 120, 1,         220. / 120, 0};
  check_close(s.values, scaled, 1e-6, 0, "values");
}

BOOST_FIXTURE_TEST_CASE(the_weather_comes_with_one_hot_wind, TenHours) {
  const Dataset d = open({.window = 2, .multivariate = true});
  BOOST_TEST(d.height == 11);
  const Series s = read_series(d);
  BOOST_TEST(s.features == 11u);
  const std::span<const float> third(s.values.data() + 3 * 11, 11);
  // PM2.5, DEWP (constant), TEMP 3 of 0 ... 7, PRES, Iws, Is, Ir, cv, NE, NW, SE
  const std::vector<double> expected = {.2, 0, 3. / 7, 0, 0, 0, 0, 0, 0, 0, 1};
  check_close(third, expected, 1e-6, 0, "row 3");
  const std::span<const float> last(s.values.data() + 8 * 11, 11);
  BOOST_TEST(last[2] == 8.f / 7,
             boost::test_tools::tolerance(1e-6f));  // outside the training range
  BOOST_TEST(last[7] == 1.f);
}

// SECURITY.md says how many bytes a row.
BOOST_FIXTURE_TEST_CASE(no_room_is_made_but_for_the_values, TenHours) {
  for (const bool multivariate : {false, true}) {
    const Series s = read_series(open({.window = 2, .multivariate = multivariate}));
    BOOST_TEST(s.values.capacity() == s.values.size());
  }
}

BOOST_FIXTURE_TEST_CASE(what_contradicts_itself_is_a_usage_error, TenHours) {
  check_fails<UsageError>([&] { open({.window = 0}); }, {"window", "found 0"});
  check_fails<UsageError>([&] { open({.window = 8}); }, {"window", "the 8 rows", "found 8"});
  check_fails<UsageError>([&] { open({.missing = "mean"}); }, {"previous or zero", "'mean'"});
}

BOOST_FIXTURE_TEST_CASE(broken_rows_are_named, TenHours) {
  const auto fails_with = [&](const std::string& bad, std::initializer_list<std::string> parts) {
    std::string text = kHeader + row(0, "1");
    text += bad;
    for (int hour = 2; hour < 12; ++hour) text += row(hour, "1");
    write("pollution.csv", text);
    const Dataset d = open({.window = 2, .multivariate = true});
    check_fails([&] { read_series(d); }, parts);
  };
  fails_with(row(1, "many"), {"pollution.csv:3: column pm2.5: expected a number, found 'many'"});
  fails_with(row(3, "1"), {"pollution.csv:3: column hour", "the hour after", "'3'"});
  fails_with(row(24, "1"), {"pollution.csv:3: column hour", "from 0 to 23", "'24'"});
  fails_with(row(1, "1", 0, "SW"), {"pollution.csv:3: column cbwd", "cv, NE, NW, SE", "'SW'"});
  fails_with("2,2011,2,29,1,1,0,0,0,cv,0,0,0\n", {"pollution.csv:3: column day", "'29'"});
  fails_with("2,2012,257,29,1,1,0,0,0,cv,0,0,0\n", {":3: column month", "from 1 to 12", "'257'"});
}

BOOST_FIXTURE_TEST_CASE(a_missing_column_is_named, TenHours) {
  const auto file = write("pollution.csv",
                          "year,month,day,hour,pm10\n2012,2,29,0,1\n2012,2,29,1,1\n"
                          "2012,2,29,2,1\n2012,2,29,3,1\n2012,2,29,4,1\n");
  const Dataset d = open({.window = 2});
  check_fails([&] { read_series(d); }, {file.string(), "column 'pm2.5'", "found year, "});
}

// They are to be judged like test samples: what is known of them before must not decide the scales.
BOOST_FIXTURE_TEST_CASE(samples_set_aside_do_not_decide_the_scales, TenHours) {
  const Dataset d = open({.window = 3});
  const Series s = read_series(d, 2);
  BOOST_TEST(s.target_min == 20);  // over rows 0 to 5
  BOOST_TEST(s.target_max == 60);
  check_close(s.values, std::vector<double>{0, 0, .5, .5, .5, 1, 0, 2.5, 5, 5}, 1e-6, 0, "values");
  BOOST_TEST(s.persistence_mse_train == .25 / 3, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(s.persistence_mse_validation == 7.25 / 2, boost::test_tools::tolerance(1e-6));
  BOOST_TEST(s.persistence_mse_test == 6.25 / 2, boost::test_tools::tolerance(1e-6));
  check_fails([&] { read_series(d, 5); }, {"pollution.csv", "5 samples that are set aside"});
}

BOOST_FIXTURE_TEST_CASE(a_series_without_values_is_refused, TenHours) {
  table({"NA", "NA", "NA", "NA", "NA", "NA", "NA", "NA", "1", "2"});
  const Dataset d = open({.window = 2});
  check_fails([&] { read_series(d); }, {"pollution.csv", "expected a value of pm2.5", "none"});
}

BOOST_FIXTURE_TEST_CASE(a_file_that_changed_is_refused, TenHours) {
  const Dataset d = open({.window = 2});
  table({"1", "2", "3", "4", "5"});
  check_fails([&] { read_series(d); }, {"pollution.csv", "expected 10 rows", "found 5"});
}

BOOST_FIXTURE_TEST_CASE(ucis_own_name_will_do, TenHours) {
  fs::rename(path / "pollution.csv", path / "PRSA_data_2010.1.1-2014.12.31.csv");
  BOOST_TEST(open({.window = 3}).train.count == 5u);
  fs::remove(path / "PRSA_data_2010.1.1-2014.12.31.csv");
  check_fails([&] { open({}); }, {path.string(), "pollution.csv", "PRSA_data", "neither"});
  fs::remove_all(path);
  check_fails([&] { open({}); }, {"--data-dir " + path.string() + ": no such folder"});
}

BOOST_AUTO_TEST_CASE(a_series_has_no_pixels) {
  const Dataset d = describe_dataset("beijing-pm25");
  BOOST_TEST(d.train.count == 35059u - 24);
  BOOST_TEST(d.test.count == 8765u);
  check_fails([&] { read_pixels(d, d.train, {}); }, {"beijing-pm25", "no pixels"});
  check_fails([&] { read_labels(d, d.train, {}); }, {"beijing-pm25", "no labels"});
  check_fails([] { read_series(describe_dataset("mnist")); }, {"mnist", "no series"});
}

BOOST_AUTO_TEST_CASE(beijing_as_published) {
  if (!find_object(dataset_manifest("beijing-pm25").files[0].sha256)) {
    BOOST_TEST_MESSAGE("skipped: Beijing PM2.5 is in no object store");
    return;
  }
  const Series s = read_series(open_dataset("beijing-pm25"));
  BOOST_TEST(s.rows == 43824u);
  BOOST_TEST(s.missing == 2067u);
  BOOST_TEST(s.target_min == 0);
  BOOST_TEST(s.target_max == 994);
  BOOST_TEST(s.persistence_mse_test == 0.00049, boost::test_tools::tolerance(0.01));
  const Series zero = read_series(open_dataset("beijing-pm25", {.missing = "zero"}));
  BOOST_TEST(zero.persistence_mse_test == 0.00061, boost::test_tools::tolerance(0.01));
}

BOOST_AUTO_TEST_SUITE_END()
