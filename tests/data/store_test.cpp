#include "data/store.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "data/sha256.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

const std::string hash_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

}  // namespace

BOOST_AUTO_TEST_SUITE(object_store)

// FIPS 180-2, appendix B, and the empty message.
BOOST_FIXTURE_TEST_CASE(known_hashes, Folder) {
  BOOST_TEST(sha256_hex(write("a", "abc")) == hash_of_abc);
  BOOST_TEST(sha256_hex(write("b", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")) ==
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  BOOST_TEST(sha256_hex(write("c", std::string(1000000, 'a'))) ==
             "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  BOOST_TEST(sha256_hex(write("d", "")) ==
             "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  check_fails([&] { sha256_hex(path / "absent"); }, {(path / "absent").string(), "cannot open"});
}

BOOST_FIXTURE_TEST_CASE(the_first_store_that_has_it_wins, Folder) {
  const Environment stores("MAPNET_OBJECT_STORES", (path / "a:" += path / "b").c_str());
  const Environment cache("XDG_CACHE_HOME", (path / "xdg").c_str());
  BOOST_CHECK(!find_object(hash_of_abc));
  const std::string object = "SHA256/" + hash_of_abc;
  for (const std::string store : {"xdg/mapnet/objects", "b", "a"}) {  // from last to first
    const fs::path written = write(store + "/" + object, "abc");
    BOOST_TEST(find_object(hash_of_abc)->string() == written.string());
  }
}

BOOST_FIXTURE_TEST_CASE(the_environment_names_stores_and_cache, Folder) {
  const Environment stores("MAPNET_OBJECT_STORES", "/a::relative:/b:");
  const std::vector<fs::path> expected = {"/a", fs::current_path() / "relative", "/b"};
  BOOST_CHECK(object_stores() == expected);
  {
    // Set but empty: no store at all, whatever the build was configured with.
    const Environment none("MAPNET_OBJECT_STORES", "");
    BOOST_TEST(object_stores().empty());
  }
  const Environment home("HOME", "/home/someone");
  {
    const Environment xdg("XDG_CACHE_HOME", "/cache");
    BOOST_TEST(object_cache() == "/cache/mapnet/objects");
  }
  const Environment xdg("XDG_CACHE_HOME", nullptr);
  BOOST_TEST(object_cache() == "/home/someone/.cache/mapnet/objects");
  const Environment homeless("HOME", nullptr);
  check_fails([] { object_cache(); }, {"set HOME or XDG_CACHE_HOME"});
  // To look for something needs no cache.
  BOOST_CHECK(!find_object(hash_of_abc));
}

BOOST_FIXTURE_TEST_CASE(a_damaged_object_is_refused, Folder) {
  verify_object(write("good", "abc"), hash_of_abc);
  const fs::path bad = write("bad", "");
  check_fails([&] { verify_object(bad, hash_of_abc); },
              {bad.string(), "expected SHA-256 " + hash_of_abc, "found e3b0c442", "delete"});
}

BOOST_AUTO_TEST_SUITE_END()
