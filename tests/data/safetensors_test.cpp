#include "data/safetensors.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "common/temporary.hpp"
#include "data/safetensors_reader.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A file with this header, its length in front, and these bytes behind.
std::string with_header(const std::string& header, const std::string& data) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(header.size() >> shift);
  return bytes + header + data;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  return {reinterpret_cast<const char*>(std::data(values)), values.size() * sizeof(T)};
}

std::vector<float> read_tensor(const SafetensorsFile& file, const char* name) {
  const StoredTensor* t = file.find(name);
  BOOST_REQUIRE(t);
  std::vector<float> values(t->size);
  file.read(*t, values);
  return values;
}

const char* const kF32 = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_is_read_back) {
  const Folder folder;
  const auto path = folder.path / "two.safetensors";
  const std::vector<float> w = {1, -2, 3, 0.5f, -0.0f, 1e-40f}, b = {7};
  write_safetensors(path, {{"fc.weight", {2, 3}, w}, {"fc.bias", {1}, b}}, {{"format", "pt"}});
  const SafetensorsFile file(path);
  BOOST_TEST(file.tensors().size() == 2u);
  BOOST_TEST(file.metadata().at("format") == "pt");
  BOOST_TEST((file.find("fc.weight")->shape == std::vector<std::size_t>{2, 3}));
  const std::vector<float> read = read_tensor(file, "fc.weight");
  BOOST_TEST(std::memcmp(read.data(), w.data(), sizeof(float) * w.size()) == 0);
  BOOST_TEST((read_tensor(file, "fc.bias") == b));
  BOOST_TEST(!file.find("fc"));
}

BOOST_AUTO_TEST_CASE(bf16_is_rounded_to_nearest_even) {
  const float infinity = std::numeric_limits<float>::infinity();
  // bf16 has 8 bits of mantissa: from 1 on, values are 2^-7 apart.
  const std::pair<float, float> rounded[] = {{1, 1},
                                             {-0.0f, -0.0f},
                                             {1 + 0x1p-8f, 1},  // the middle, down to even
                                             {1 + 0x3p-8f, 1 + 0x2p-7f},  // the middle, up to even
                                             {1 + 0x1.0002p-8f, 1 + 0x1p-7f},
                                             {-1 - 0x3p-8f, -1 - 0x2p-7f},
                                             {0x1.ffp0f, 2},  // into the next exponent
                                             {0x1p-149f, 0},  // subnormal
                                             {0x1.8p-133f, 0x1p-132f},
                                             {0x1.fep127f, 0x1.fep127f},  // the largest there is
                                             {std::numeric_limits<float>::max(), infinity},
                                             {-infinity, -infinity}};
  std::vector<float> values, expected;
  for (const auto& [from, to] : rounded) values.push_back(from), expected.push_back(to);
  const Folder folder;
  const auto path = folder.path / "a.safetensors";
  const int n = static_cast<int>(values.size());
  const std::vector<float> nan = {std::numeric_limits<float>::quiet_NaN()};
  write_safetensors(path, {{"a", {n}, values}, {"nan", {1}, nan}}, {}, FloatType::bf16);
  const SafetensorsFile file(path);
  BOOST_TEST(file.find("a")->dtype == "BF16");
  const std::vector<float> read = read_tensor(file, "a");
  for (std::size_t i = 0; i < read.size(); ++i)
    BOOST_TEST(std::memcmp(&read[i], &expected[i], sizeof(float)) == 0,
               values[i] << " became " << read[i] << ", expected " << expected[i]);
  BOOST_TEST(std::isnan(read_tensor(file, "nan").front()));
}

BOOST_AUTO_TEST_CASE(half_precision_becomes_float_exactly) {
  const Folder folder;
  // 1, -2, largest, smallest subnormal, -0, infinity; the last tensor has no values at all.
  const std::string fp16 =
      bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0001, 0x8000, 0x7c00});
  const std::string bf16 = bytes_of<std::uint16_t>({0x3f80, 0xc049});
  const auto path = folder.write(
      "half", with_header(R"({"h":{"dtype":"F16","shape":[3,2],"data_offsets":[0,12]},)"
                          R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},)"
                          R"("one":{"dtype":"F32","shape":[],"data_offsets":[16,20]},)"
                          R"("none":{"dtype":"F32","shape":[4,0],"data_offsets":[20,20]},)"
                          R"("steps":{"dtype":"I64","shape":[],"data_offsets":[20,28]}})",
                          fp16 + bf16 + bytes_of<float>({2.5f}) + std::string(8, 'x')));
  const SafetensorsFile file(path);
  const float infinity = std::numeric_limits<float>::infinity();
  BOOST_TEST(
      (read_tensor(file, "h") == std::vector<float>{1, -2, 65504, 0x1p-24f, -0.0f, infinity}));
  BOOST_TEST(std::signbit(read_tensor(file, "h")[4]));
  BOOST_TEST((read_tensor(file, "b") == std::vector<float>{1, -3.140625f}));
  BOOST_TEST((read_tensor(file, "one") == std::vector<float>{2.5f}));
  BOOST_TEST(read_tensor(file, "none").empty());
  check_fails([&] { read_tensor(file, "steps"); }, {path.string(), "steps", "I64", "F32, BF16"});
  std::vector<float> three(3);
  check_fails([&] { file.read(*file.find("b"), three); }, {path.string(), "tensor b", "[2]", "3"});
}

// All 65,536 bit patterns, against the definition.
BOOST_AUTO_TEST_CASE(every_fp16_value_is_what_ieee_754_says) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const float found = from_fp16(static_cast<std::uint16_t>(bits));
    const int exponent = bits >> 10 & 0x1f;
    const double mantissa = bits & 0x3ff;
    double want =
        exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31) want = mantissa == 0 ? HUGE_VAL : NAN;
    if (bits & 0x8000) want = -want;
    if (std::isnan(want) ? !std::isnan(found) : static_cast<double>(found) != want)
      BOOST_ERROR("fp16 " << bits << ": " << found << ", expected " << want);
    if (!std::isnan(want) && std::signbit(found) != ((bits & 0x8000) != 0))
      BOOST_ERROR("fp16 " << bits << ": sign");
  }
}

BOOST_AUTO_TEST_CASE(damaged_files_are_refused_by_name) {
  const Folder folder;
  const auto refuses = [&](const std::string& bytes, std::initializer_list<std::string> parts) {
    const auto path = folder.write("bad.safetensors", bytes);
    check_fails([&] { SafetensorsFile file(path); }, {path.string()});
    check_fails([&] { SafetensorsFile file(path); }, parts);
  };
  const std::string eight(8, '\0'), good = with_header(kF32, eight);
  BOOST_CHECK_NO_THROW(SafetensorsFile(folder.write("good", good)));

  // The header's own length.
  refuses("", {"found 0"});
  refuses(good.substr(0, 7), {"found 7"});
  refuses(good.substr(0, 30), {"truncated"});
  refuses(std::string(8, '\xff') + good, {"announces"});
  refuses(bytes_of<std::uint64_t>({200'000'000}) + std::string(1000, ' '), {"200000000"});
  // What is in it.
  refuses(eight, {"begin with {"});
  refuses(with_header("[1]", ""), {"begin with {"});
  refuses(with_header("{\"a\":", ""), {"header"});
  refuses(with_header(std::string(kF32) + "x", eight), {"header"});
  refuses(with_header(R"({"a":1})", ""), {"tensor a"});
  refuses(with_header(R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", eight), {"shape"});
  refuses(with_header(R"({"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}})", eight),
          {"tensor a", "F31"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", eight),
          {"tensor a", "-2"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", eight),
          {"tensor a", "2.0"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", eight),
          {"tensor a", "[begin, end]"});
  refuses(with_header(R"({"__metadata__":{"format":1}})", ""), {"__metadata__"});
  // Names and keys that occur twice.
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                      eight),
          {"a is in its header twice"});
  refuses(
      with_header(R"({"a":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,8]}})", eight),
      {"dtype is in its header twice"});
  // Where the bytes are.
  refuses(good.substr(0, good.size() - 1), {"tensor a", "0 to 8", "7"});
  refuses(good + "x", {"1 bytes after"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", eight),
          {"tensor a", "8 to 0"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", eight),
          {"tensor a", "[3]", "12", "8"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],)"
                      R"("data_offsets":[0,0]}})",
                      ""),
          {"tensor a", "takes"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                      eight),
          {"tensor b", "overlaps"});
  refuses(with_header(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", eight),
          {"tensor a", "4 bytes before"});
  check_fails([&] { SafetensorsFile file(folder.path / "absent"); }, {"absent"});
}
