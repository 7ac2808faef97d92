#include "export/onnx_reader.hpp"

#include <boost/test/unit_test.hpp>
#include <tuple>

namespace mapnet::test {

namespace {

std::string_view take(std::string_view& bytes, std::size_t n) {
  BOOST_REQUIRE(n <= bytes.size());
  const std::string_view taken = bytes.substr(0, n);
  bytes.remove_prefix(n);
  return taken;
}

std::uint64_t take_varint(std::string_view& bytes) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const auto byte = static_cast<unsigned char>(take(bytes, 1).front());
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  BOOST_FAIL("a varint of more than 64 bits");
  return value;
}

std::vector<std::string> texts(const ProtoReader& m, int field) {
  std::vector<std::string> all;
  for (const std::string_view text : m.all(field)) all.emplace_back(text);
  return all;
}

ReadNode read_node(std::string_view bytes) {
  const ProtoReader m(bytes);
  ReadNode node{m.text(4), texts(m, 1), texts(m, 2), {}};
  for (const std::string_view each : m.all(5)) {
    const ProtoReader attribute(each);
    constexpr std::int64_t kInt = 2, kInts = 7;
    const std::int64_t type = attribute.integer(20);
    if (type == kInt || type == kInts)
      node.integers[attribute.text(1)] = attribute.integers(type == kInt ? 3 : 8);
  }
  return node;
}

std::pair<std::string, ReadValue> read_value(std::string_view bytes) {
  const ProtoReader m(bytes), type(m.all(2).at(0)), tensor(type.all(1).at(0));
  ReadValue value{tensor.integer(1), {}};
  const ProtoReader shape(tensor.all(2).at(0));
  for (const std::string_view each : shape.all(1)) {
    const ProtoReader dim(each);
    value.dims.push_back(dim.has(1) ? std::to_string(dim.integer(1)) : dim.text(2));
  }
  return {m.text(1), value};
}

}  // namespace

ProtoReader::ProtoReader(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::uint64_t key = take_varint(bytes);
    const int field = static_cast<int>(key >> 3);
    switch (key & 7) {
      case 0:
        integers_[field].push_back(static_cast<std::int64_t>(take_varint(bytes)));
        break;
      case 2:
        texts_[field].push_back(take(bytes, take_varint(bytes)));
        break;
      case 5:
        take(bytes, 4);
        break;
      default:
        BOOST_FAIL("wire type " << (key & 7) << " of field " << field);
    }
  }
}

std::vector<std::string_view> ProtoReader::all(int field) const {
  return texts_.contains(field) ? texts_.at(field) : std::vector<std::string_view>();
}

std::string ProtoReader::text(int field) const {
  const std::vector<std::string_view> found = all(field);
  BOOST_REQUIRE(found.size() <= 1);
  return found.empty() ? std::string() : std::string(found.front());
}

std::vector<std::int64_t> ProtoReader::integers(int field) const {
  return integers_.contains(field) ? integers_.at(field) : std::vector<std::int64_t>();
}

std::int64_t ProtoReader::integer(int field) const {
  BOOST_REQUIRE(integers(field).size() == 1);
  return integers(field).front();
}

ReadModel::ReadModel(const std::string& file) {
  const ProtoReader m(file);
  ir_version = m.integer(1);
  producer = m.text(2);
  const ProtoReader opset_id(m.all(8).at(0));
  BOOST_TEST(opset_id.text(1) == "");
  opset = opset_id.integer(2);
  for (const std::string_view each : m.all(14)) {
    const ProtoReader entry(each);
    metadata[entry.text(1)] = entry.text(2);
  }
  const ProtoReader graph(m.all(7).at(0));
  for (const std::string_view each : graph.all(1)) nodes.push_back(read_node(each));
  for (const std::string_view each : graph.all(5)) {
    const ProtoReader t(each);
    const bool fresh =
        initializers.emplace(t.text(8), ReadTensor{t.integer(2), t.integers(1), t.text(9)}).second;
    BOOST_TEST(fresh, "two initializers are called " << t.text(8));
  }
  for (const auto& [field, values] : {std::pair{11, &inputs}, std::pair{12, &outputs}})
    for (const std::string_view each : graph.all(field)) values->insert(read_value(each));
}

}  // namespace mapnet::test
