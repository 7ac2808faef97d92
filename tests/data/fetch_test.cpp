#include "data/fetch.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "data/manifest.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A share folder whose fetch script is ours.
struct Share : Folder {
  Environment share{"MAPNET_SHARE", path.c_str()};
  Environment stores{"MAPNET_OBJECT_STORES", "/some:/stores"};
  Environment cache{"XDG_CACHE_HOME", path.c_str()};

  void script(const std::string& contents) { write("cmake/FetchDataset.cmake", contents); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(fetch)

BOOST_FIXTURE_TEST_CASE(the_script_is_told_what_to_look_for_and_where, Share) {
  script("file(WRITE " + (path / "seen").string() + " \"${DATASET}|${CACHE}|${STORES}\")");
  // It fetched nothing, and that is noticed.
  check_fails([] { fetch_dataset("mnist"); }, {"no object store"});
  BOOST_TEST(read_file(path / "seen") ==
             "mnist|" + path.string() + "/mapnet/objects|/some;/stores");
}

BOOST_FIXTURE_TEST_CASE(a_script_that_fails_is_an_error, Share) {
  script("message(FATAL_ERROR \"no source has it (expected here: the test wants it)\")");
  check_fails([] { fetch_dataset("mnist"); }, {"mnist", "could not be fetched", "ended with 1"});
}

// Without a cmake's report around it.
BOOST_FIXTURE_TEST_CASE(what_has_no_source_is_told_before_anything_is_run, Share) {
  script("file(WRITE " + (path / "seen").string() + " seen)");
  check_fails([] { fetch_dataset("cifar10"); }, {"cifar10: cannot be fetched. Unpack https:"});
  check_fails([] { fetch_dataset("beijing-pm25"); },
              {"beijing-pm25: cannot be fetched. Download https:"});
  BOOST_TEST(!std::filesystem::exists(path / "seen"));
  // What a store has of it is looked at all the same.
  write("mapnet/objects/SHA256/" + dataset_manifest("beijing-pm25").files[0].sha256, "not it");
  check_fails([] { fetch_dataset("beijing-pm25"); }, {"damaged"});
  BOOST_TEST(std::filesystem::exists(path / "seen"));
}

BOOST_FIXTURE_TEST_CASE(a_missing_script_says_what_to_set, Share) {
  check_fails([] { fetch_dataset("mnist"); },
              {(path / "cmake/FetchDataset.cmake").string(), "MAPNET_SHARE"});
}

BOOST_FIXTURE_TEST_CASE(a_missing_cmake_is_named, Share) {
  script("");
  const Environment nowhere("PATH", (path / "nowhere").c_str());
  check_fails([] { fetch_dataset("mnist"); }, {"cmake", "cannot be started", "No such file"});
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_a_usage_error) {
  check_fails<UsageError>([] { fetch_dataset("minst"); }, {"unknown dataset 'minst'"});
}

BOOST_AUTO_TEST_SUITE_END()
